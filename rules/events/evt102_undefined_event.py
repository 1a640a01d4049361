"""EVT102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.analysis.references_objects import surely_meant
from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EVT102",
    "undefined-event",
    on="object",
    severity="error",
    fix="unsafe",
    kinds=("Sensor",),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor waits for an event that its EventSource does not have."""
    for view in dependencies(obj):
        name = view.text("eventName")
        facts = events.source_of(view, ctx.namespace, ctx.index)
        if not is_literal(name) or not facts:
            continue
        known = [event for fact in facts for _, event in fact.data.get("events", ())]
        if name in known or any(not is_literal(event) for event in known):
            continue
        near = suggest(name, known)
        yield Finding(
            view.value_span("eventName"),
            f"event source `{view.text('eventSourceName')}` has no event `{name}`",
            help=did_you_mean(name, known),
            related=[
                (Elsewhere(facts[0].path, facts[0].start, facts[0].end, facts[0].where), "the event source")
            ],
            severity=None if surely_meant(facts, ctx.path, ctx.namespace) else "warning",
            fix=replace(view.value_span("eventName"), near) if near else None,
        )
