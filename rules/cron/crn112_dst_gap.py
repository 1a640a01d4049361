"""CRN112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import load_zone, parse
from argolint.analysis.cron.shape import skipped_or_doubled
from argolint.context import Context, Schedule
from argolint.rule import Finding, rule


@rule("CRN112", "dst-gap", on="schedule", severity="info")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A change of summer time skips or repeats the run."""
    try:
        parsed = parse(schedule.text)
        zone = parsed.zone or (load_zone(schedule.timezone) if schedule.timezone else None)
    except ValueError:
        return
    found = skipped_or_doubled(parsed, zone) if zone is not None else None
    if found is not None:
        what, when = found
        verb = "does not run" if what == "skipped" else "runs twice"
        yield Finding(
            schedule.span,
            f"`{schedule.text}` {verb} when the clock changes, for example on {when:%Y-%m-%d}",
            help="choose an hour that every day has once, or `timezone: UTC`",
        )
