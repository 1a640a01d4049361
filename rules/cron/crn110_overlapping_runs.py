"""CRN110."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.shape import shortest_interval
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CRN110", "overlapping-runs", on="object", severity="warning", default=False, kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Nothing keeps a run from starting while the one before goes on."""
    spec = obj.spec
    if spec.get("concurrencyPolicy"):
        return
    gaps: list[timedelta] = []
    for text in spec.sequence("schedules"):
        try:
            gap = shortest_interval(parse(text)) if isinstance(text, str) else None
        except ScheduleError:
            return
        if gap is not None:
            gaps.append(gap)
    if not gaps:
        return
    least = min(gaps)
    deadline = spec.mapping("workflowSpec").get("activeDeadlineSeconds")
    if isinstance(deadline, int) and deadline <= least.total_seconds():
        return
    why = f"may take {deadline} s" if isinstance(deadline, int) else "has no deadline"
    yield Finding(
        spec.key_span("schedules"),
        f"a run {why} and the next may start after {int(least.total_seconds())} s: runs can pile up",
        help="set `concurrencyPolicy: Forbid`, or `Allow` if that is meant",
    )
