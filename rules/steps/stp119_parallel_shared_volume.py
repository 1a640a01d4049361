"""STP119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.concurrent import clashes
from argolint.analysis.steps import mounted
from argolint.context import Context
from argolint.model.view import Span
from argolint.model.workflow import Template, WorkflowSpec
from argolint.rule import Finding, place_in, rule


@rule(
    "STP119",
    "parallel-shared-volume",
    on="template",
    severity="warning",
    types=("steps", "dag"),
    keys=("volumeClaimTemplates",),
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Pods that run at the same time mount one claim that only one node can write to."""
    single = _single_node_claims(template.spec)
    if not single:
        return
    for clash in clashes(
        template, ctx, lambda one: ((("claim", name), at) for name, at in mounted(one).items())
    ):
        before, step, volume = clash.before, clash.step, clash.key[1]
        if volume not in single:
            continue
        who = (
            f"`{before.name}` and `{step.name}`" if before is not step else f"the instances of `{step.name}`"
        )
        yield Finding(
            step.name_span,
            f"{who} mount the ReadWriteOnce claim `{volume}` at the same time; pods on another node wait for it",
            help="use ReadWriteMany, pass artifacts instead, or keep the pods on one node by affinity",
            related=[(single[volume], "the claim is here"), (place_in(clash.path, clash.at), "mounted here")],
        )


def _single_node_claims(spec: WorkflowSpec) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for claim in spec.items("volumeClaimTemplates"):
        if claim.dig("spec", "accessModes") in (["ReadWriteOnce"], ["ReadWriteOncePod"]):
            metadata = claim.mapping("metadata")
            found[metadata.text("name")] = metadata.value_span("name")
    return found
