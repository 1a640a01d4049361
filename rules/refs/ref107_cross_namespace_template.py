"""REF107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF107",
    "cross-namespace-template",
    on="spec",
    severity="error",
    cross_file=True,
    keys=("templateRef", "workflowTemplateRef"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The object exists in another namespace only."""
    if not ctx.namespace:
        return
    for ref in spec.references():
        name = ref.object_name
        if not is_literal(name) or ref.cluster_scope or ctx.index.referred(ref, ctx.namespace):
            continue
        elsewhere = ctx.index.find(ref.object_kind, name)
        if elsewhere:
            yield Finding(
                ref.object_span,
                f"{ref.object_kind} `{name}` is in namespace `{elsewhere[0].namespace}`, and a workflow only sees its own, `{ctx.namespace}`",
                help="put it into the same namespace, or make it a ClusterWorkflowTemplate",
                related=[(Elsewhere(one.path, *one.span), f"{one.kind} `{one.name}`") for one in elsewhere],
            )
