"""CRN106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.shape import never_fires
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule


@rule("CRN106", "impossible-schedule", on="schedule", severity="warning")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule that matches no date."""
    try:
        parsed = parse(schedule.text)
    except ScheduleError:
        return
    if never_fires(parsed):
        yield Finding(
            schedule.span,
            f"no date matches `{schedule.text}`, so it never fires",
            help="months have at most 29 (February), 30 or 31 days",
        )
