"""The names and namespaces that kustomizations give to objects, as far as the tree tells.

What is not looked at: patches that rename, and transformers of people's own. The hash that generators append is left out, since a
reference is written without it. Source: kustomize's reference (namePrefix, nameSuffix, namespace, generators, components).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from argolint.model.k8s import KUSTOMIZE_KINDS
from argolint.project.facts import ObjectFact

# (kind, name as it is in the cluster) -> the objects, with their namespaces as they are there
Made = dict[tuple[str, str], list[ObjectFact]]

# Overlays of overlays multiply what they are made from.
_MOST = 20_000
_DEEPEST = 50


class _One(NamedTuple):
    """An object in a build: as it is written, and what it is called and where it lies in what is built."""

    fact: ObjectFact
    name: str
    namespace: str


def made(objects: Iterable[ObjectFact]) -> Made:
    """What kustomizations make of the objects of a tree: those that get another name or namespace, and generated ones.

    The facts keep the names that are written in the files.
    """
    objects = list(objects)
    roots = {_folder(fact.path): fact for fact in objects if _is_root(fact)}
    if not any(
        any(fact.data["affixes"]) or fact.data["generated"] or fact.data["namespace"]
        for fact in roots.values()
    ):
        return {}
    by_path: dict[str, list[ObjectFact]] = {}
    for fact in objects:
        if fact.name and not fact.embedded_in and fact.kind not in KUSTOMIZE_KINDS:
            by_path.setdefault(_normal(fact.path), []).append(fact)
    known: dict[str, list[_One]] = {}
    found: dict[tuple[str, str], dict[tuple[object, ...], ObjectFact]] = {}
    for folder in roots:
        for one in _built(folder, [], roots, by_path, known, ()):
            if (one.name, one.namespace) != (one.fact.name, one.fact.namespace) or one.fact.data.get("made"):
                fact = one.fact._replace(namespace=one.namespace)
                found.setdefault((fact.kind, one.name), {})[_key(one)] = fact
    return {name: list(facts.values()) for name, facts in found.items()}


def _built(
    folder: str, taken: list[_One], roots: dict[str, ObjectFact], by_path: dict[str, list[ObjectFact]],
    known: dict[str, list[_One]], around: tuple[str, ...],
) -> list[_One]:  # fmt: skip
    """What the kustomization of a folder gives. `taken`: what a component is applied to; `around`: those that take it in."""
    root = roots[folder]
    component = root.kind == "Component"
    if not component and folder in known:
        return known[folder]
    found = list(taken)
    if folder not in around and len(around) < _DEEPEST:
        for item in root.data["resources"]:
            if "://" in item:
                continue
            path = _normal(posixpath.join(folder, item))
            if path not in roots:
                found += [_One(fact, fact.name, fact.namespace) for fact in by_path.get(path, ())]
                continue
            inner = (*around, folder)
            if roots[path].kind == "Component":
                found = _built(path, found, roots, by_path, known, inner)
            else:
                found += _built(path, [], roots, by_path, known, inner)
    prefix, suffix = root.data["affixes"]
    found += [_generated(root, *entry) for entry in root.data["generated"]]
    namespace = root.data["namespace"]
    renamed = (
        _One(one.fact, f"{prefix}{one.name}{suffix}", namespace or one.namespace) for one in found[:_MOST]
    )
    found = list({_key(one): one for one in renamed}.values())
    if not component:
        known[folder] = found
    return found


def _key(one: _One) -> tuple[str, int, str, int, str, str]:
    return one.fact.path, one.fact.document, one.fact.where, one.fact.start, one.name, one.namespace


def _generated(root: ObjectFact, kind: str, namespace: str, name: str, start: int, end: int) -> _One:
    fact = root._replace(
        api_version="v1", kind=kind, namespace=namespace, name=name, start=start, end=end, data={"made": True}
    )
    return _One(fact, name, namespace)


def _is_root(fact: ObjectFact) -> bool:
    """Whether it is a kustomization file, which may leave its version out; Flux has an object of the same kind."""
    return fact.kind in KUSTOMIZE_KINDS and fact.api_version.partition("/")[0] in (
        "",
        "kustomize.config.k8s.io",
    )


def _folder(path: str) -> str:
    return posixpath.dirname(_normal(path)) or "."


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))
