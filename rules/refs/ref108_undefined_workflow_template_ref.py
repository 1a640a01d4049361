"""REF108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Finding, rule


@rule(
    "REF108",
    "undefined-workflow-template-ref",
    on="object",
    severity="warning",
    cross_file=True,
    keys=("workflowTemplateRef",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`workflowTemplateRef` names an object that is not among the manifests."""
    severity = ctx.external_severity
    if severity is None:
        return
    for name, cluster, span in refs(obj):
        kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
        other = "WorkflowTemplate" if cluster else "ClusterWorkflowTemplate"
        # one of the other scope or of another namespace is a finding of its own
        if not is_literal(name) or ctx.index.find(kind, name) or ctx.index.find(other, name):
            continue
        yield Finding(
            span,
            f"{kind} `{name}` is not among the manifests",
            help=did_you_mean(name, ctx.index.names(kind, ctx.namespace))
            or "add it, or set `external-references: ignore` if it lives elsewhere",
            severity=severity,
        )


def refs(obj: Object) -> Iterator[tuple[str, bool, Span]]:
    """(name, whether it is cluster-wide, place) of each whole object that an object runs."""
    for spec in obj.workflow_specs:
        ref = spec.workflow_template_ref
        if ref is not None and ref.object_name:
            yield ref.object_name, ref.cluster_scope, ref.object_span
    if obj.kind == "WorkflowEventBinding":
        inner = obj.spec.mapping("submit").mapping("workflowTemplateRef")
        if inner.text("name"):
            yield inner.text("name"), inner.get("clusterScope") is True, inner.value_span("name")
