"""REL101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule("REL101", "unlimited-retry", on="spec", severity="warning", fix="unsafe", keys=("retryStrategy",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A retryStrategy without a limit goes on for ever."""
    for strategy, label, _ in strategies(spec):
        expression = strategy.text("expression")
        # `expression: "false"` switches off what the controller's workflowDefaults say.
        if strategy.get("limit") is not None or "retries" in expression or expression.strip() == "false":
            continue
        backoff = strategy.mapping("backoff")
        if backoff.get("maxDuration") is not None:
            continue
        merged = bool(strategy.map.merged)
        yield Finding(
            strategy.head,
            f"{label} is retried without a limit: what always fails is tried for ever",
            help='add `limit: "3"`',
            fix=None if merged else add_key(ctx.source, strategy.map, "limit", '"3"'),
        )
