"""REL102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies, whole
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule(
    "REL102",
    "retry-without-backoff",
    on="spec",
    severity="info",
    default=False,
    fix="unsafe",
    keys=("retryStrategy",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """All retries come at once: there is no backoff."""
    for strategy, label, _ in strategies(spec):
        limit = whole(strategy.get("limit"))
        if "backoff" in strategy or limit is None or limit < 2:
            continue
        yield Finding(
            strategy.head,
            f"the {limit} retries of {label} come one right after the other",
            help="add a `backoff`: what is down for a minute stays down for a second try",
            fix=None
            if strategy.map.merged
            else add_key(ctx.source, strategy.map, "backoff", '{duration: "10s", factor: 2}'),
        )
