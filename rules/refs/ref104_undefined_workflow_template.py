"""REF104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Finding, rule


@rule(
    "REF104",
    "undefined-workflow-template",
    on="spec",
    severity="warning",
    cross_file=True,
    keys=("templateRef",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A templateRef names an object that is not among the manifests."""
    severity = ctx.external_severity
    if severity is None:
        return
    for ref in spec.references():
        if not ref.template_name or not is_literal(ref.object_name):
            continue
        # one of the other scope or of another namespace is a finding of its own
        if any(
            ctx.index.find(kind, ref.object_name) for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate")
        ):
            continue
        yield Finding(
            ref.object_span,
            f"{ref.object_kind} `{ref.object_name}` is not among the manifests",
            help=did_you_mean(ref.object_name, ctx.index.names(ref.object_kind, ctx.namespace))
            or "add it, or set `external-references: ignore` if it lives elsewhere",
            severity=severity,
        )
