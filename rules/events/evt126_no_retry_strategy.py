"""EVT126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT126", "no-retry-strategy", on="object", severity="info", default=False, kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger drops its event at the first error."""
    for trigger in triggers(obj):
        if trigger.type in ("k8s", "argoWorkflow", "http") and "retryStrategy" not in trigger:
            yield Finding(
                trigger.template.value_span("name"),
                f"trigger `{trigger.name}` is tried once: an API server that restarts costs the event",
                help="add `retryStrategy: {steps: 5, duration: 1s, factor: 2}` beside `template`",
            )
