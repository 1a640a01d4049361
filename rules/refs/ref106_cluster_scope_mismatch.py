"""REF106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.workflow import Reference, WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.edit import add_key, delete_key, replace


@rule(
    "REF106",
    "cluster-scope-mismatch",
    on="spec",
    severity="error",
    fix="safe",
    cross_file=True,
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The object exists as a template of the other scope."""
    for ref in spec.references():
        name = ref.object_name
        if not is_literal(name) or ctx.index.referred(ref, ctx.namespace):
            continue
        other = "WorkflowTemplate" if ref.cluster_scope else "ClusterWorkflowTemplate"
        found = ctx.index.find(other, name, ctx.namespace)
        if found:
            yield Finding(
                ref.object_span,
                f"`{name}` is a {other}, and this looks for a {ref.object_kind}",
                help="remove `clusterScope`" if ref.cluster_scope else "add `clusterScope: true`",
                fix=other_scope(ref, ctx),
                related=[(Elsewhere(one.path, *one.span), f"{one.kind} `{one.name}`") for one in found],
            )


def other_scope(ref: Reference, ctx: Context) -> list[Edit] | None:
    """The edit that sets or removes `clusterScope`."""
    holder = ref.mapping("workflowTemplateRef" if ref.how == "workflowTemplateRef" else "templateRef")
    if not holder.map.at or holder.map.merged:
        return None
    if ref.cluster_scope:
        return delete_key(ctx.source, holder.map, "clusterScope")
    if "clusterScope" in holder:
        return replace(holder.value_span("clusterScope"), "true")
    return add_key(ctx.source, holder.map, "clusterScope", "true")
