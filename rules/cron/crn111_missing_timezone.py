"""CRN111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.shape import is_hour_bound
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule


@rule("CRN111", "missing-timezone", on="schedule", severity="info")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """Hours are named, but not in which time zone."""
    if schedule.timezone:
        return
    try:
        parsed = parse(schedule.text)
    except ScheduleError:
        return
    if parsed.zone is None and is_hour_bound(parsed):
        yield Finding(
            schedule.span,
            f"`{schedule.text}` is read in the controller's time zone",
            help="set `timezone`, for example `UTC`",
        )
