"""REF138."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.analysis.events import overwritten
from argolint.analysis.resolved import resolved
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF138",
    "parameter-does-not-travel",
    on="spec",
    severity="error",
    cross_file=True,
    kinds=("Workflow", "CronWorkflow"),
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A called template reads a workflow parameter that this workflow does not have."""
    merged = resolved(spec, ctx)
    if merged is None or (
        spec.owner.embedded and any(".arguments" in path for path in overwritten(spec.owner))
    ):
        return
    declared = {item.name for one in merged.specs for item in one.arguments.parameters}
    said: set[tuple[str, str, str]] = set()
    for ref, at in merged.references():
        if not ref.template_name:
            continue
        found = ctx.index.template(ref, ctx.namespace)
        owner = ctx.index.load(found[0]) if found is not None else None
        if found is None or owner is None:
            continue
        given = {item.text("name") for item in ref.arguments.items("parameters")}
        read = flow_uses.workflow_reads(owner, ref.template_name, given)
        missing = {name for member, name in read if member == "parameters"} - declared
        for name in sorted(missing):
            if (owner.kind, owner.name, name) in said or not is_literal(name):
                continue
            said.add((owner.kind, owner.name, name))
            yield Finding(
                at,
                f"template `{ref.template_name}` of {owner.kind} `{owner.name}` reads the workflow parameter `{name}`, which this {spec.kind} does not declare",
                help="declare it under `spec.arguments.parameters`: those of the other object do not come along",
                related=[(Elsewhere(found[0].path, found[1].start, found[1].end), "the template")],
            )
