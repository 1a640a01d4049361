"""EVT122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, replace
from argolint.yaml.nodes import Map


@rule("EVT122", "dlq-without-at-least-once", on="object", severity="error", fix="unsafe", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger has a `dlqTrigger` but is not delivered at least once."""
    for trigger in triggers(obj):
        if isinstance(trigger.get("dlqTrigger"), Map) and trigger.get("atLeastOnce") is not True:
            present = "atLeastOnce" in trigger
            yield Finding(
                trigger.key_span("dlqTrigger"),
                "`dlqTrigger` needs `atLeastOnce: true` on its trigger",
                fix=replace(trigger.value_span("atLeastOnce"), "true")
                if present
                else add_key(ctx.source, trigger.map, "atLeastOnce", "true", after="template"),
            )
