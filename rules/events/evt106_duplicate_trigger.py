"""EVT106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import dependencies, triggers
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule


@rule("EVT106", "duplicate-trigger", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two triggers or two dependencies of a Sensor have one name, or a trigger is of no type or of two."""
    for key, entries in (
        ("trigger", [trigger.template for trigger in triggers(obj)]),
        ("dependency", dependencies(obj)),
    ):
        seen: dict[str, View] = {}
        for view in entries:
            name = view.text("name")
            if name and name in seen:
                yield Finding(
                    view.value_span("name"),
                    f"there are two {key[:-1] + 'ies' if key == 'dependency' else key + 's'} named `{name}`",
                    related=[(seen[name].value_span("name"), "the first one")],
                )
            seen.setdefault(name, view)
    for trigger in triggers(obj):
        view = trigger.template
        types = [name for name in view.map if name in events.TRIGGER_TYPES]
        if (
            view.map
            and len(types) != 1
            and (len(types) > 1 or set(view.map) <= {"name", "conditions", "conditionsReset"})
        ):
            yield Finding(
                view.key_span(types[1]) if types else view.value_span("name"),
                f"trigger `{trigger.name}` has {len(types) or 'no'} types; it needs exactly one",
                help="such as `argoWorkflow`, `k8s`, `http` or `log`",
            )
