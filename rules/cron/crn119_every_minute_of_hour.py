"""CRN119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron.written import part
from argolint.context import Context, Schedule
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace

_EVERY_MINUTE = lazy(r"\s*(?:(?:CRON_)?TZ=\S+\s+)?(?P<minute>\*|\*/1)\s+(?P<hour>\d[\d,]*)(?:\s+\S+){3}\s*\Z")


@rule("CRN119", "every-minute-of-hour", on="schedule", severity="warning", fix="unsafe")
def check(schedule: Schedule, ctx: Context) -> Iterator[Finding]:
    """A schedule names an hour and every minute of it, so it fires sixty times."""
    match = _EVERY_MINUTE.match(schedule.text)
    if match is None:
        return
    start, end = match.span("minute")
    text = f"{schedule.text[:start]}0{schedule.text[end:]}"
    hours = match["hour"].replace(",", " and ")
    yield Finding(
        part(ctx.source, schedule.span, schedule.text, start, end),
        f"`{schedule.text}` fires at every minute of hour {hours}: sixty times",
        help=f"write `{text}` to fire once",
        fix=replace(schedule.span, quote(text)),
    )
