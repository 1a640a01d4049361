"""What kustomize renames, and the references of Argo's objects that it does not rename with it.

kustomize follows references in the kinds that Kubernetes has itself. Of Argo's kinds it knows none, unless a `configurations` file
tells it where their references stand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from argolint.analysis.gitops import kustomizations, resources_of
from argolint.analysis.references_objects import held
from argolint.model.k8s import GENERATORS, PATCH_KEYS, WORKFLOW_KINDS, Object, files_named
from argolint.model.view import Span, View
from argolint.project.facts import ObjectFact
from argolint.project.index import Index
from argolint.yaml.nodes import Map

# Kinds of Argo's that refer to other objects, and the kinds that they refer to by a name alone.
REFERRING = (*WORKFLOW_KINDS, "Sensor", "EventSource")
BY_FIELD = {
    "serviceAccountName": "ServiceAccount",
    "eventBusName": "EventBus",
    "eventSourceName": "EventSource",
}
TEMPLATES = ("WorkflowTemplate", "ClusterWorkflowTemplate")
RENAMED = (*TEMPLATES, *BY_FIELD.values(), "ConfigMap", "Secret", "PersistentVolumeClaim")
_AFFIXES = ("namePrefix", "nameSuffix")
# What may set the references right after all.
_TEACHERS = ("configurations", "transformers", "replacements", "vars")


class Stale(NamedTuple):
    """A reference that keeps the old name, the kustomization that gives a new one, and the key of it that does."""

    item: ObjectFact
    kind: str
    name: str
    at: Span
    kustomization: ObjectFact
    key: str
    because: Span


def stale(index: Index) -> Iterator[Stale]:
    """The references of a tree that kustomize leaves behind, each once."""
    known = list(kustomizations(index))
    reported: set[tuple[str, int]] = set()
    for fact, obj in known:
        if not any(key in obj for key in (*_AFFIXES, *GENERATORS)) or _taught(fact, obj, known):
            continue
        files = set(resources_of(fact, obj))
        inside = [item for item in index.objects if covered(item.path, files) and not item.embedded_in]
        renamed = dict(_generated(obj))
        key = next((key for key in _AFFIXES if obj.get(key)), "")
        if key:
            names = {(item.kind, item.name): key for item in inside if item.kind in RENAMED}
            names |= dict.fromkeys(_generators(obj), key)
            said = _patched(obj, inside, index)
            prefix, suffix = obj.text("namePrefix"), obj.text("nameSuffix")
            renamed |= {
                one: key for one in names if f"{prefix}{one[1]}{suffix}" not in said and one not in renamed
            }
        for item in inside if renamed else ():
            for kind, name, at in _references(item, index):
                how = renamed.get((kind, name))
                if how and (item.path, at.start) not in reported:
                    reported.add((item.path, at.start))
                    yield Stale(item, kind, name, at, fact, how, obj.key_span(how))


def covered(path: str, files: Collection[str]) -> bool:
    """Whether a file is listed, or lies in a folder that is."""
    own = posixpath.normpath(path)
    return own in files or any(own.startswith(f"{item}/") for item in files)


def _taught(fact: ObjectFact, obj: Object, known: list[tuple[ObjectFact, Object]]) -> bool:
    """Whether this kustomization, or one that takes it in, may know the references of Argo's kinds."""
    todo, seen = [(fact, obj)], {fact.path}
    while todo:
        one, loaded = todo.pop()
        if any(key in loaded for key in _TEACHERS):
            return True
        for other, outer in known:
            if other.path not in seen and covered(one.path, set(resources_of(other, outer))):
                seen.add(other.path)
                todo.append((other, outer))
    return False


def _generators(obj: Object) -> Iterator[tuple[str, str]]:
    for key, kind in GENERATORS.items():
        for entry in obj.items(key):
            yield kind, entry.text("name")


def _generated(obj: Object) -> Iterator[tuple[tuple[str, str], str]]:
    """What a kustomization generates under a name that ends in a hash, and the key that does."""
    if obj.mapping("generatorOptions").get("disableNameSuffixHash") is True:
        return
    for key, kind in GENERATORS.items():
        for entry in obj.items(key):
            if entry.mapping("options").get("disableNameSuffixHash") is not True:
                yield (kind, entry.text("name")), key


def _patched(obj: Object, inside: list[ObjectFact], index: Index) -> str:
    """All that the patches of a kustomization say: one may set the new name itself."""
    said = [str(obj.get(key)) for key in PATCH_KEYS]
    files = {posixpath.basename(path) for path in files_named(obj, PATCH_KEYS)}
    for item in inside:
        if posixpath.basename(item.path) in files and (loaded := index.load(item)) is not None:
            said.append(str(loaded.map))
    return "\n".join(said)


def _references(item: ObjectFact, index: Index) -> Iterator[tuple[str, str, Span]]:
    for reference in item.references:
        if reference.object_kind in TEMPLATES:
            yield (
                reference.object_kind,
                reference.object_name,
                Span(reference.start, reference.end, reference.where),
            )
    obj = index.load(item) if item.kind in REFERRING else None
    if obj is not None:
        yield from _walk(obj.get("spec"), "spec", 0)


def _walk(node: Any, where: str, depth: int) -> Iterator[tuple[str, str, Span]]:
    if depth > 60:
        return
    if isinstance(node, Map):
        view = View(node, where)
        for key, value in node.items():
            if isinstance(value, str) and str(key) in BY_FIELD:
                yield BY_FIELD[str(key)], value, view.value_span(str(key))
            elif isinstance(value, Map):
                yield from (
                    (one.kind, one.name, one.name_span)
                    for one in held(str(key), View(value, f"{where}.{key}"), where)
                )
            if isinstance(value, (Map, list)):
                yield from _walk(value, f"{where}.{key}", depth + 1)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            if isinstance(value, (Map, list)):
                yield from _walk(value, f"{where}[{number}]", depth + 1)
