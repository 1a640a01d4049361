"""EVT109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.language.errors import LanguageError
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


def _overwritten(feed: events.Feed) -> bool:
    """Whether a parameter of the whole trigger template writes this very name."""
    return feed.level != "template" and any(
        other.dest.endswith(".dependencyName")
        for other in events.feeds_of(feed.trigger)
        if other.level == "template"
    )


@rule(
    "EVT109",
    "undefined-dependency-in-parameter",
    on="object",
    severity="error",
    fix="unsafe",
    kinds=("Sensor",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger parameter takes its value from a dependency that the Sensor does not have, or that its conditions do not need."""
    known = events.names_of(obj)
    for feed in events.feeds(obj):
        src = feed.src
        name = src.text("dependencyName")
        if not is_literal(name) or not known or _overwritten(feed):
            continue
        span = src.value_span("dependencyName")
        if name not in known:
            near = suggest(name, known)
            yield Finding(
                span,
                f"this Sensor has no dependency `{name}`",
                help=did_you_mean(name, known),
                fix=replace(span, near) if near else None,
            )
            continue
        conditions = feed.trigger.template.text("conditions")
        try:
            needed = [item.text for item in events.condition_names(conditions)] if conditions else known
        except LanguageError:
            continue
        if name not in needed and "{{" not in conditions and src.get("value") is None:
            yield Finding(
                span,
                f"trigger `{feed.trigger.name}` does not wait for `{name}`, so that its event may be missing",
                help="name it in `conditions`, or give the parameter a `value` as default",
                severity="warning",
            )
