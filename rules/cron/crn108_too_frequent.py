"""CRN108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.shape import shortest_interval
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule
from argolint.schema.duration import nanoseconds


@rule(
    "CRN108",
    "too-frequent",
    on="schedule",
    severity="warning",
    default=False,
    options={"cron-min-interval": "5m"},
)
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule that fires more often than `cron-min-interval`."""
    try:
        parsed = parse(schedule.text)
    except ScheduleError:
        return
    wanted = ctx.option("cron-min-interval")
    try:
        least = nanoseconds(str(wanted)) / 1e9
    except ValueError:
        return
    gap = shortest_interval(parsed)
    if gap is not None and gap.total_seconds() < least:
        yield Finding(
            schedule.span,
            f"`{schedule.text}` fires every {int(gap.total_seconds())} s; `cron-min-interval` is {wanted}",
            help="each run makes pods and a Workflow object that is kept for a while",
        )
