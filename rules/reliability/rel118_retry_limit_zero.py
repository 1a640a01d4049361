"""REL118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies, whole
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL118", "retry-limit-zero", on="spec", severity="warning", keys=("retryStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """`limit: 0` is no retry at all."""
    for strategy, label, template in strategies(spec):
        # It may be there to switch off what templateDefaults or the controller's workflowDefaults say.
        if len(strategy.map) == 1 or (template is not None and spec.template_defaults is not None):
            continue
        if whole(strategy.get("limit")) == 0:
            yield Finding(
                strategy.value_span("limit"),
                f"{label} has a retryStrategy and is never retried: `limit` counts the retries, and it is 0",
                help="give the number of retries, or delete the retryStrategy",
            )
