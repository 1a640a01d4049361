"""CRN107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.shape import is_day_ambiguous
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule


@rule("CRN107", "dom-and-dow", on="schedule", severity="warning")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """Day of month and day of week are both restricted: either one will do."""
    try:
        parsed = parse(schedule.text)
    except ScheduleError:
        return
    if is_day_ambiguous(parsed):
        yield Finding(
            schedule.span,
            "day of month and day of week are both set, so it fires when either matches, not when both do",
            help="set one to `*`, and ask for the other in `when`",
        )
