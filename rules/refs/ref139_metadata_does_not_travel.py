"""REF139."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow_uses
from argolint.analysis.references_workflow import metadata_keys
from argolint.context import Context
from argolint.model.workflow import Reference, WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF139",
    "metadata-does-not-travel",
    on="spec",
    severity="error",
    cross_file=True,
    kinds=("Workflow", "CronWorkflow"),
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template reads a label or annotation that only the object has in which it stands, not the workflow that runs."""
    whole = spec.workflow_template_ref
    for ref in [whole] if whole is not None else spec.references():
        if ref.how in ("templateRef", "workflowTemplateRef") and ref.object_name:
            yield from missing(ref, spec, ctx)


def missing(ref: Reference, spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The findings about one reference."""
    facts = ctx.index.referred(ref, ctx.namespace)
    owner = ctx.index.load(facts[0]) if len(facts) == 1 else None
    for there in owner.workflow_specs if owner is not None else ():
        whole = ref.how == "workflowTemplateRef"
        there_has = {member: metadata_keys(there, member) for member in ("labels", "annotations")}
        if not any(there_has.values()) or owner is None:
            return
        given = {item.text("name") for item in ref.arguments.items("parameters")}
        entry = (spec.entrypoint or there.entrypoint) if whole else ref.template_name
        for member, name in sorted(flow_uses.workflow_reads(owner, entry, given)):
            if name not in there_has.get(member, ()) or name in metadata_keys(spec, member):
                continue
            comes_along = there.mapping("workflowMetadata") if whole else None
            if comes_along is not None and name in (
                *comes_along.mapping(member).map,
                *comes_along.mapping("labelsFrom").map,
            ):
                continue
            yield Finding(
                ref.object_span,
                f"{owner.kind} `{owner.name}` reads the {member[:-1]} `{name}` of the workflow, which has none: that of the {owner.kind} does not come along",
                help=f"set it under `workflowMetadata.{member}` of this {spec.kind}",
                related=[(Elsewhere(facts[0].path, facts[0].start, facts[0].end), "the object that has it")],
            )
