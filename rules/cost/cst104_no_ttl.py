"""CST104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule(
    "CST104",
    "no-ttl",
    on="spec",
    severity="info",
    default=False,
    kinds=("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Finished runs stay for ever."""
    if spec.entrypoint and not spec.mapping("ttlStrategy").map and spec.workflow_template_ref is None:
        yield Finding(
            spec.key_span("entrypoint"),
            "runs are never deleted: no `ttlStrategy`",
            help="set `ttlStrategy: {secondsAfterCompletion: 86400}`",
        )
