"""REL114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL114", "backoff-without-limit", on="spec", severity="warning", keys=("backoff",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Without a limit the controller does not wait between the retries."""
    for strategy, label, _ in strategies(spec):
        if strategy.mapping("backoff").map and strategy.get("limit") is None:
            yield Finding(
                strategy.key_span("backoff"),
                f"the backoff of {label} has no effect: without `limit` the controller does not wait",
                help='add `limit: "5"`',
            )
