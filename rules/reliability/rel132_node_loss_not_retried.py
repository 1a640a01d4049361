"""REL132."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL132", "node-loss-not-retried", on="spec", severity="info", default=False, keys=("retryStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """OnFailure (the default) does not retry pods that were evicted, deleted or lost with their node."""
    for strategy, label, _ in strategies(spec):
        policy = strategy.get("retryPolicy")
        if policy == "OnFailure" or (policy is None and not strategy.text("expression")):
            yield Finding(
                strategy.key_span("retryPolicy"),
                f"{label} is retried when its command fails, not when its pod is deleted or lost with its node",
                help="`retryPolicy: Always` retries both; spot nodes need it",
            )
