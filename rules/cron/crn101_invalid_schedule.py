"""CRN101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse
from argolint.analysis.cron.written import part
from argolint.context import Context, Schedule
from argolint.project.index import is_placeholder
from argolint.rule import Finding, rule


@rule("CRN101", "invalid-schedule", on="schedule", severity="error")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule that the controller does not parse."""
    text = schedule.text
    if is_placeholder(text):
        return
    try:
        parse(text)
    except ScheduleError as error:
        in_prefix = text.startswith(("TZ=", "CRON_TZ=")) and error.end <= text.find(" ")
        if in_prefix or error.fields in (6, 7):
            return  # CRN104 and CRN102 say it better
        at = part(ctx.source, schedule.span, text, error.start, error.end) if text else schedule.span
        yield Finding(
            at,
            error.message,
            help="five fields: minute hour day-of-month month day-of-week; or @daily, @hourly, @every 30m",
        )
