"""EVT120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule


@rule("EVT120", "duplicate-event-name", on="object", severity="error", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two events of an EventSource have one name."""
    seen: dict[str, tuple[str, View]] = {}
    for kind, name, _ in event_names(obj):
        group = obj.spec.mapping(kind)
        if name in seen and seen[name][0] != kind:
            other, view = seen[name]
            yield Finding(
                group.key_span(name),
                f"there is a `{other}` event named `{name}` already: names are unique over all types",
                related=[(view.key_span(name), "the first one")],
            )
        seen.setdefault(name, (kind, group))
