"""Objects written inside strings: `resource.manifest` of a template, `source.inline` of a trigger, the data of a ConfigMap, and the
patches in a kustomization that have the shape of what they change.

They are read where they stand: every offset in their trees is an offset of the file, whatever the style of the string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from argolint.model.events import triggers
from argolint.model.k8s import KUSTOMIZE_KINDS, PATCH_KEYS, Object, looks_like_object
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq
from argolint.yaml.scalars import OffsetMap, offset_map

GROUP = "argoproj.io"
_TAG = lazy(r"\{\{[^\n]*?\}\}")
# What a tag of the workflow around is read as: it is filled in before the object is made, and any text may come of it.
_NEUTRAL = "{{workflow.name}}"


def objects_in_strings(obj: Object, text: str) -> Iterator[Object]:
    """The objects of Argo's group that are written inside strings of an object. `text` is the file."""
    if obj.kind == "ConfigMap":
        data = obj.mapping("data")
        for key in data.map:
            yield from _objects(obj, data, key, text, mask=False)
    elif obj.kind in KUSTOMIZE_KINDS:
        for key in PATCH_KEYS:
            for number, item in enumerate(obj.sequence(key)):
                if isinstance(item, Map):
                    yield from _objects(
                        obj, View(item, f"{obj.path_of(key)}[{number}]"), "patch", text, mask=False
                    )
                elif isinstance(item, str):
                    yield from _read(
                        obj, item, obj.sequence(key), number, f"{obj.path_of(key)}[{number}]", text
                    )
    elif obj.kind == "Sensor":
        for trigger in triggers(obj):
            yield from _objects(obj, trigger.body.mapping("source"), "inline", text, mask=False)
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            if "resource" in template.map:
                yield from _objects(obj, template.mapping("resource"), "manifest", text, mask=True)


def _objects(owner: Object, holder: View, key: str, text: str, *, mask: bool) -> Iterator[Object]:
    if not holder.is_alias(key) and key not in holder.map.merged:
        yield from _read(owner, holder.text(key), holder.map, key, holder.path_of(key), text, mask=mask)


def _read(
    owner: Object, value: str, holder: Any, key: str | int, place: str, text: str, *, mask: bool = False
) -> Iterator[Object]:
    """The objects in the string under a key of a mapping, or at an index of a list (`holder`)."""
    if GROUP not in value or "kind" not in value or key in holder.aliases:
        return
    tags: dict[str, str] = {}
    readable = _TAG.sub(lambda match: _placeholder(match, tags), value) if mask else value
    at = holder.at[key]
    style = holder.styles.get(key, "")
    offsets: OffsetMap | None = None
    for number, document in enumerate(parse(readable).documents):
        root = document.root
        if (
            document.broken
            or not looks_like_object(root)
            or not str(root["apiVersion"]).startswith(GROUP + "/")
        ):
            continue
        if offsets is None:
            offsets = offset_map(text, at[-2], at[-1], style, value)
        _move(root, offsets, tags)
        where = f"{place}<{number}>" if number else f"{place}<>"
        found = Object(root, where, owner.document, owner)
        found.in_string = style or "plain"
        yield found


def _placeholder(match: re.Match[str], tags: dict[str, str]) -> str:
    """A word as long as the tag, so that everything keeps its place."""
    word = f"tag{len(tags):x}".ljust(len(match.group()), "x")[: len(match.group())]
    tags[word] = match.group()
    return word


def _move(root: Any, offsets: OffsetMap, tags: dict[str, str]) -> None:
    """Turn offsets in the string into offsets in the file, and placeholders into neutral tags."""
    pending = [root]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        node.span = offsets.span(*node.span)
        if isinstance(node, Map):
            for key, at in list(node.at.items()):
                node.at[key] = (*offsets.span(at[0], at[1]), *offsets.span(at[2], at[3]))
                node[key] = _restored(node[key], tags)
            pending += [value for value in node.values() if isinstance(value, (Map, Seq))]
        else:
            for i, (start, end) in enumerate(node.at):
                node.at[i] = offsets.span(start, end)
                node[i] = _restored(node[i], tags)
            pending += [value for value in node if isinstance(value, (Map, Seq))]


def _restored(value: Any, tags: dict[str, str]) -> Any:
    if not tags or not isinstance(value, str):
        return value
    for word in tags:
        if word in value:
            value = value.replace(word, _NEUTRAL)
    return value
