"""REL116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule("REL116", "backoff-without-duration", on="spec", severity="error", fix="unsafe", keys=("backoff",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A backoff needs a duration to start from."""
    for strategy, label, _ in strategies(spec):
        backoff = strategy.mapping("backoff")
        if not backoff.map or backoff.get("duration") not in (None, ""):
            continue
        yield Finding(
            backoff.head,
            f"the backoff of {label} has no `duration`: the first failure ends with “no base duration specified”",
            help="add `duration: 10s`",
            fix=add_key(ctx.source, backoff.map, "duration", "10s")
            if "duration" not in backoff and not backoff.map.merged
            else None,
        )
