"""CRN109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cron import Schedule, ScheduleError, parse
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_item


@rule("CRN109", "duplicate-schedule", on="object", severity="warning", kinds=("CronWorkflow",), fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two schedules of one CronWorkflow mean the same instants."""
    schedules = obj.spec.sequence("schedules")
    seen: dict[Schedule, int] = {}
    for i, text in enumerate(schedules):
        try:
            meaning = parse(text)._replace(text="") if isinstance(text, str) else None
        except ScheduleError:
            meaning = None
        if meaning is None:
            continue
        first = seen.setdefault(meaning, i)
        if first != i:
            yield Finding(
                obj.spec.item_span("schedules", i),
                f"`{text}` fires when `{schedules[first]}` does",
                help="delete one: a run that both start is started once",
                related=[(obj.spec.item_span("schedules", first), "the same instants")],
                fix=delete_item(ctx.source, schedules, i),
            )
