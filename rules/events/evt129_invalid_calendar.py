"""EVT129."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse, zone_exists
from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.schema.duration import nanoseconds


@rule("EVT129", "invalid-calendar", on="object", severity="error", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A calendar event without a usable schedule."""
    for kind, name, view in event_names(obj):
        if kind != "calendar":
            continue
        schedule, interval, zone = view.get("schedule"), view.get("interval"), view.get("timezone")
        if not schedule and not interval:
            yield Finding(view.head, f"calendar event `{name}` has neither `schedule` nor `interval`")
        if schedule and interval:
            yield Finding(
                view.key_span("interval"),
                "`schedule` is given too, and wins: `interval` is not used",
                severity="warning",
                related=[(view.key_span("schedule"), "the schedule")],
            )
        if isinstance(schedule, str) and is_literal(schedule):
            try:
                parse(schedule)
            except ScheduleError as error:
                yield Finding(view.value_span("schedule"), error.message)
        if isinstance(interval, str) and interval and is_literal(interval):
            try:
                nanoseconds(interval)
            except ValueError as error:
                yield Finding(view.value_span("interval"), str(error))
        if isinstance(zone, str) and zone and is_literal(zone) and not zone_exists(zone):
            yield Finding(view.value_span("timezone"), f"no time zone is called `{zone}`")
