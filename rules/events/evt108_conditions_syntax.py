"""EVT108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.language.errors import LanguageError
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("EVT108", "conditions-syntax", on="object", severity="error", fix="safe", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The conditions of a trigger are no formula of names, `&&`, `||` and parentheses."""
    for trigger in triggers(obj):
        scalar = ctx.scalar(trigger.template, "conditions")
        if scalar is None or not scalar.value or "{{" in scalar.value:
            continue
        try:
            events.condition_names(scalar.value)
        except LanguageError as error:
            span = scalar.part(error.start, error.end)
            meant = error.message.rpartition("write `")[2].rstrip("`") if "; write `" in error.message else ""
            yield Finding(span, error.message, fix=replace(span, meant) if meant else None)
