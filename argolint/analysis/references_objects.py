"""References to objects that are no templates: ConfigMaps, Secrets, claims; and calls through several objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.context import File
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import Reference, Step
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.yaml.nodes import Map

Node = tuple[str, str, str]


class Wanted(NamedTuple):
    """An object that a manifest needs, and the key in it ("" for the object as a whole)."""

    kind: str
    name: str
    key: str
    name_span: Span
    key_span: Span
    optional: bool


def surely_meant(facts: list[ObjectFact], path: str, namespace: str) -> bool:
    """Whether a name means these objects for sure: one is in the same file, or both sides say the same namespace.

    Examples and overlays of one tree often have objects of one name that never meet in a cluster.
    """
    return any(fact.path == path or (namespace and fact.namespace == namespace) for fact in facts)


_HOLDERS = {
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "secret": "Secret",
    "persistentVolumeClaim": "PersistentVolumeClaim",
}
_NAMES = ("name", "secretName", "claimName")
_PULL = "imagePullSecrets"
_last: list[tuple[Object, list[Wanted]]] = []


def wanted(obj: Object, file: File) -> list[Wanted]:
    """Everything a workflow object needs of ConfigMaps, Secrets and claims; objects in manifests of steps are not looked into."""
    if not obj.is_workflow_kind:
        return []
    if not _last or _last[0][0] is not obj:
        asks = any(key in _HOLDERS or key == _PULL or key.endswith("Secret") for key in file.keys)
        _last[:] = [(obj, list(_walk(obj.get("spec"), obj.path_of("spec"), 0)) if asks else [])]
    return _last[0][1]


def _walk(node: Any, where: str, depth: int) -> Iterator[Wanted]:
    if depth > 60:
        return
    if isinstance(node, Map):
        for key, value in node.items():
            if isinstance(value, (Map, list)):
                path = f"{where}.{key}"
                if isinstance(value, Map):
                    yield from held(str(key), View(value, path), where)
                elif key == _PULL:
                    yield from _pull_secrets(View(node, where))
                yield from _walk(value, path, depth + 1)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            if isinstance(value, (Map, list)):
                yield from _walk(value, f"{where}[{index}]", depth + 1)


def held(key: str, view: View, where: str) -> Iterator[Wanted]:
    """The object that a mapping under such a key names, if it names one."""
    kind = _HOLDERS.get(key, "")
    if not kind and key.endswith("Secret") and view.text("name") and view.text("key"):
        kind = "Secret"
    if not kind or (kind == "ConfigMap" and where.endswith((".cache", ".artifactRepositoryRef"))):
        return  # a cache is made when it is needed
    field = next((name for name in _NAMES if view.text(name)), "")
    if field:
        name, inner = view.text(field), view.text("key")
        yield Wanted(
            kind, name, inner, view.value_span(field), view.value_span("key"), view.get("optional") is True
        )


def _pull_secrets(view: View) -> Iterator[Wanted]:
    for one in view.items("imagePullSecrets"):
        if one.text("name"):
            yield Wanted("Secret", one.text("name"), "", one.value_span("name"), one.head, False)


def found(index: Index, kind: str, name: str, namespace: str) -> list[ObjectFact]:
    """The objects that provide one of that kind and name: for a Secret also what a controller makes it from."""
    result = list(index.find(kind, name, namespace))
    if kind == "Secret":
        result += index.find("SealedSecret", name, namespace)
        result += [fact for fact in index.of_kind("ExternalSecret") if fact.data.get("target") == name]
    return result


def keys_of(facts: list[ObjectFact]) -> set[str] | None:
    """The keys that objects have together; None when they are not known."""
    keys: set[str] = set()
    for fact in facts:
        known = fact.data.get("keys")
        if known is None or not known:
            return None
        keys.update(known)
    return keys


def cycle(start: Node, target: Reference, index: Index, namespace: str) -> list[Node]:
    """The way from `start` by `target` back to `start`, by calls that nothing makes conditional; [] when there is none."""
    first: Node = (target.object_kind, target.object_name, target.template_name)
    todo: list[list[Node]] = [[start, first]]
    seen: set[Node] = set()
    while todo:
        trail = todo.pop()
        if trail[-1] == start:
            return trail
        if trail[-1] in seen or len(trail) > 50:
            continue
        seen.add(trail[-1])
        todo.extend([*trail, following] for following in _following(trail[-1], index, namespace))
    return []


def _following(node: Node, index: Index, namespace: str) -> Iterator[Node]:
    kind, name, template = node
    for fact in index.find(kind, name, namespace):
        calls = [
            ref
            for ref in fact.references
            if ref.in_template == template and ref.how in ("template", "templateRef")
        ]
        if not calls:
            continue
        conditional = _conditional_places(index.load(fact), template)
        for ref in calls:
            if ref.start not in conditional:
                yield (
                    (ref.object_kind, ref.object_name, ref.template)
                    if ref.object_name
                    else (kind, name, ref.template)
                )


def _conditional_places(obj: Object | None, template: str) -> set[int]:
    """Where the names of callees stand in steps of a template that may be skipped."""
    places: set[int] = set()
    for spec in obj.workflow_specs if obj is not None else ():
        for one in spec.templates:
            if one.name == template:
                places.update(
                    _place(step) for step in one.children if step.when or step.loops or step.depends
                )
    return places


def _place(step: Step) -> int:
    return step.target.name_span.start if step.target is not None else -1
