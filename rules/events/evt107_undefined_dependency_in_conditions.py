"""EVT107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.language.errors import LanguageError
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "EVT107",
    "undefined-dependency-in-conditions",
    on="object",
    severity="error",
    fix="unsafe",
    kinds=("Sensor",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The conditions of a trigger name a dependency that the Sensor does not have."""
    known = events.names_of(obj)
    for trigger in triggers(obj):
        view = trigger.template
        scalar = ctx.scalar(view, "conditions")
        if scalar is None or not known or "{{" in scalar.value:
            continue
        try:
            names = events.condition_names(scalar.value)
        except LanguageError:
            continue  # EVT108
        for name in names:
            if name.text in known:
                continue
            span = scalar.part(name.start, name.end)
            near = suggest(name.text, known)
            yield Finding(
                span,
                f"conditions name the dependency `{name.text}`, which this Sensor does not have",
                help=did_you_mean(name.text, known),
                fix=replace(span, near) if near else None,
            )
