"""CST105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("CST105", "no-pod-gc", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Finished pods stay as long as their Workflow."""
    if spec.entrypoint and not spec.mapping("podGC").text("strategy") and spec.workflow_template_ref is None:
        yield Finding(
            spec.key_span("entrypoint"),
            "finished pods are kept as long as the Workflow is: no `podGC`",
            help="set `podGC: {strategy: OnPodSuccess}`, which keeps the failed ones",
        )
