"""REF140."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "REF140",
    "cluster-template-calls-namespaced",
    on="spec",
    severity="warning",
    kinds=("ClusterWorkflowTemplate",),
    cross_file=True,
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A ClusterWorkflowTemplate calls a template that only some namespaces have."""
    for ref in spec.references():
        if ref.cluster_scope or not is_literal(ref.object_name):
            continue
        found = ctx.index.find("WorkflowTemplate", ref.object_name)
        if found:
            yield Finding(
                ref.object_span,
                f"WorkflowTemplate `{ref.object_name}` is looked for in the namespace of whoever runs this, and `argo lint` and the server's check give up on it",
                help="make it a ClusterWorkflowTemplate, and add `clusterScope: true`",
                related=[(Elsewhere(one.path, *one.span), f"{one.kind} `{one.name}`") for one in found],
            )
