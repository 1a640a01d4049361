"""STP119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import callee, mounted
from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Step, Steps, WorkflowSpec
from argolint.rule import Finding, rule


@rule("STP119", "parallel-shared-volume", on="steps", severity="warning")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """Pods that run at the same time mount one claim that only one node can write to."""
    single = _single_node_claims(steps.template.spec)
    if not single:
        return
    for group in steps.groups:
        users: dict[str, Step] = {}
        for step in group:
            template = callee(step)
            for volume, at in mounted(template).items() if template is not None else ():
                if volume not in single:
                    continue
                before = users.setdefault(volume, step)
                if before is step and not step.loops:
                    continue
                who = (
                    f"`{before.name}` and `{step.name}`"
                    if before is not step
                    else f"the instances of `{step.name}`"
                )
                yield Finding(
                    step.name_span,
                    f"{who} mount the ReadWriteOnce claim `{volume}` at the same time; pods on another node wait for it",
                    help="use ReadWriteMany, pass artifacts instead, or keep the pods on one node by affinity",
                    related=[(single[volume], "the claim is here"), (at, "mounted here")],
                )


def _single_node_claims(spec: WorkflowSpec) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for claim in spec.items("volumeClaimTemplates"):
        if claim.dig("spec", "accessModes") in (["ReadWriteOnce"], ["ReadWriteOncePod"]):
            metadata = claim.mapping("metadata")
            found[metadata.text("name")] = metadata.value_span("name")
    return found
