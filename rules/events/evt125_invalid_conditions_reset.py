"""EVT125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import ScheduleError, parse, zone_exists
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("EVT125", "invalid-conditions-reset", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A `conditionsReset` has a schedule or a time zone that does not exist."""
    for trigger in triggers(obj):
        for reset in trigger.template.items("conditionsReset"):
            view = reset.mapping("byTime")
            schedule, zone = view.get("cron"), view.get("timezone")
            if isinstance(schedule, str) and is_literal(schedule):
                try:
                    parse(schedule)
                except ScheduleError as error:
                    yield Finding(view.value_span("cron"), error.message)
            if isinstance(zone, str) and zone and is_literal(zone) and not zone_exists(zone):
                yield Finding(view.value_span("timezone"), f"no time zone is called `{zone}`")
