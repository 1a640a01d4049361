"""REL121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import shown, strategies, waits, whole
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL121", "retries-exceed-deadline", on="spec", severity="warning", keys=("backoff",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The waits between the retries alone take longer than the workflow may."""
    deadline = whole(spec.get("activeDeadlineSeconds"))
    if deadline is None or deadline <= 0:
        return
    for strategy, label, _ in strategies(spec):
        limit = whole(strategy.get("limit"))
        backoff = strategy.mapping("backoff")
        # maxDuration has a rule of its own
        if limit is None or limit <= 0 or not backoff.map or backoff.get("maxDuration") is not None:
            continue
        pauses = waits(backoff, limit)
        if pauses is None or sum(pauses) <= deadline:
            continue
        fit, total = 0, 0.0
        for pause in pauses:
            total += pause
            if total > deadline:
                break
            fit += 1
        yield Finding(
            strategy.value_span("limit"),
            f"only {fit} of the {limit} retries of {label} fit in the workflow's {shown(deadline)}: the waits take {shown(sum(pauses))}",
            help="raise `activeDeadlineSeconds`, set `cap` of the backoff, or lower `limit`",
            related=[(spec.value_span("activeDeadlineSeconds"), "the workflow's deadline")],
        )
