"""EVT127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import dependencies, triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "EVT127", "no-rate-limit", on="object", severity="info", default=False, kinds=("Sensor",), cross_file=True
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A public endpoint starts Workflows without any limit."""
    public = {
        view.text("name")
        for view in dependencies(obj)
        if events.event_types(view, ctx.namespace, ctx.index) & events.OUTSIDE
    }
    for trigger in triggers(obj):
        if trigger.type in ("k8s", "argoWorkflow") and public and "rateLimit" not in trigger:
            yield Finding(
                trigger.template.value_span("name"),
                f"trigger `{trigger.name}` creates an object for every request, however many come",
                help="add `rateLimit: {unit: Minute, requestsPerUnit: 10}` beside `template`",
            )
