"""Argo Events: triggers, dependencies, event names, and the objects that triggers create."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.model.k8s import Object, looks_like_object
from argolint.model.view import View
from argolint.yaml.nodes import Map, Seq

# What EventSource.spec holds beside event source types.
_NOT_SOURCES = {"eventBusName", "replicas", "service", "template"}


class Trigger(View):
    """One entry of a Sensor's `spec.triggers`; `type` is the key that says what it does (`k8s`, `argoWorkflow`…)."""

    __slots__ = ()

    @property
    def template(self) -> View:
        return self.mapping("template")

    @property
    def name(self) -> str:
        return self.template.text("name")

    @property
    def type(self) -> str:
        for key in self.template.map:
            if key not in ("name", "conditions", "conditionsReset"):
                return key
        return ""

    @property
    def body(self) -> View:
        """The mapping under the trigger's type."""
        return self.template.mapping(self.type) if self.type else View(None, self.where)

    @property
    def resource(self) -> Object | None:
        """The object a `k8s` or `argoWorkflow` trigger creates, when it is written inline."""
        resource = self.body.mapping("source").mapping("resource")
        return Object(resource.map, resource.where) if looks_like_object(resource.map) else None


def trigger_at(sensor: Object, index: int) -> Trigger | None:
    """The trigger at a place of the list; None when there is none."""
    listed = sensor.spec.sequence("triggers")
    node = listed[index] if index < len(listed) else None
    return Trigger(node, sensor.spec.path_of("triggers") + f"[{index}]") if isinstance(node, Map) else None


def triggers(sensor: Object) -> list[Trigger]:
    """The triggers of a Sensor."""
    return [Trigger(view.map, view.where) for view in sensor.spec.items("triggers")]


def embedded_objects(sensor: Object) -> Iterator[Object]:
    """The objects that a Sensor's triggers carry inline; their `parent` is the Sensor."""
    for trigger in triggers(sensor):
        resource = trigger.resource
        if resource is not None:
            yield Object(resource.map, resource.where, sensor.document, sensor)


def dependencies(sensor: Object) -> list[View]:
    """The entries of `spec.dependencies`: name, eventSourceName, eventName, filters."""
    return sensor.spec.items("dependencies")


def event_names(source: Object) -> list[tuple[str, str, View]]:
    """(source type, event name, its settings) for every event an EventSource offers."""
    found: list[tuple[str, str, View]] = []
    spec = source.spec
    for kind, events in spec.map.items():
        if kind in _NOT_SOURCES or not isinstance(events, Map):
            continue
        view = View(events, spec.path_of(kind))
        found.extend((kind, name, View(body, view.path_of(name))) for name, body in events.items())
    return found


def strings(value: object) -> list[str]:
    """The strings of a list, or nothing."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, (Seq, list)) else []
