"""Plain scalars in places that mean text: what is written, and what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.context import holds, marks
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.text import SourceText
from argolint.yaml.nodes import Map, Seq


class PlainText(NamedTuple):
    """A plain scalar whose value Argo keeps as text. `written` is its source, `value` what YAML made of it."""

    written: str
    value: Any
    span: Span
    what: str  # "value", "default", "enum" or "withItems"


_KEYS = ("value", "default")
_HOLDER = lazy(r"parameters|withItems")


_last: list[tuple[Object, list[PlainText]]] = []


def plain_texts(obj: Object, source: SourceText) -> list[PlainText]:
    """Every plain scalar of a parameter's `value`, `default` or `enum`, and of `withItems`, in a workflow object.

    Aliased and merged entries are left out: they are looked at where they are written. The last object's are remembered,
    since several rules ask for them.
    """
    if not obj.is_workflow_kind:
        return []
    if not _last or _last[0][0] is not obj:
        _last[:] = [(obj, list(_plain_texts(obj, source)))]
    return _last[0][1]


def _plain_texts(obj: Object, source: SourceText) -> Iterator[PlainText]:
    pending: list[tuple[Any, str]] = [(obj.map, obj.where)]
    seen: set[int] = set()
    known = None if obj.in_string else marks(_HOLDER, source.text, *obj.map.span)
    while pending:
        node, where = pending.pop()
        if id(node) in seen or (known is not None and not holds(node, known)):
            continue
        seen.add(id(node))
        if isinstance(node, Seq):
            pending += [
                (item, f"{where}[{i}]") for i, item in enumerate(node) if isinstance(item, (Map, Seq))
            ]
            continue
        for key, value in node.items():
            path = f"{where}.{key}" if where else key
            if key == "parameters" and isinstance(value, Seq):
                for i, item in enumerate(value):
                    if isinstance(item, Map):
                        yield from _parameter(item, f"{path}[{i}]", source)
            elif key == "withItems" and isinstance(value, Seq):
                yield from _items(value, path, source, "withItems")
            elif isinstance(value, (Map, Seq)):
                pending.append((value, path))


def _parameter(item: Map, where: str, source: SourceText) -> Iterator[PlainText]:
    for key in _KEYS:
        if key in item and key not in item.styles and key not in item.aliases and key not in item.merged:
            at = item.at[key]
            if not isinstance(item[key], (Map, Seq)):
                # An empty value is pointed at by its key.
                span = (
                    Span(at[2], at[3], f"{where}.{key}")
                    if at[3] > at[2]
                    else Span(at[0], at[1], f"{where}.{key}")
                )
                yield PlainText(source.slice(at[2], at[3]), item[key], span, key)
    enum = item.get("enum")
    if isinstance(enum, Seq):
        yield from _items(enum, f"{where}.enum", source, "enum")


def _items(items: Seq, where: str, source: SourceText, what: str) -> Iterator[PlainText]:
    for i, value in enumerate(items):
        if i not in items.styles and i not in items.aliases and not isinstance(value, (Map, Seq)):
            start, end = items.at[i]
            yield PlainText(source.slice(start, end), value, Span(start, end, f"{where}[{i}]"), what)


def as_text(value: Any) -> str | None:
    """The text that a number becomes in a parameter; None for what is no number (upstream: AnyString.UnmarshalJSON)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return None
    if number == int(number):
        return str(int(number))
    text = repr(number)
    return f"{number:.17f}".rstrip("0") if "e" in text else text
