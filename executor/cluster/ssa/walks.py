"""Walks over objects along their schema: to a field set, comparison, merge, removal.

Upstream: structured-merge-diff, package typed; the order of merged lists and the treatment of empty and null values follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from executor.cluster.schemas import Schema
from executor.cluster.ssa.fieldset import LEAF, MEMBER, FieldSet, has
from executor.cluster.ssa.types import UNTYPED, Atom, ListType, MapType, atom_of, element_of


class TypedError(Exception):
    """A value that does not fit its schema. `path` is where (`.spec.list`)."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")


class _Missing:
    """No value, as against null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def _below(kind: MapType, key: str, path: str) -> Schema:
    schema = kind.of(key)
    if schema is None:
        raise TypedError(f"{path}.{key}", "field not declared in schema")
    return schema


def _element(kind: ListType, item: Any, path: str) -> str:
    try:
        return element_of(kind, item)
    except ValueError as error:
        raise TypedError(path, str(error)) from error


# ---- to a set


def to_set(schema: Schema, value: Any, path: str = "") -> FieldSet:
    """The fields that a value has: what an applier of it owns."""
    found = _set_of(schema, value, path)
    found.pop(MEMBER, None)
    return found


def _set_of(schema: Schema, value: Any, path: str) -> FieldSet:
    kind = atom_of(schema, value)
    if isinstance(kind, MapType):
        if kind.atomic:
            return dict(LEAF)
        if value is not None and not isinstance(value, dict):
            raise TypedError(path, f"expected map, got &{{{value}}}")
        return _map_set(kind, value or {}, path)
    if isinstance(kind, ListType):
        if kind.kind == "atomic":
            return dict(LEAF)
        if value is not None and not isinstance(value, list):
            raise TypedError(path, f"expected list, got &{{{value}}}")
        return _list_set(kind, value or [], path)
    return dict(LEAF)


def _map_set(kind: MapType, value: dict[str, Any], path: str) -> FieldSet:
    found: FieldSet = {}
    for key, item in value.items():
        below = _set_of(_below(kind, key, path), item, f"{path}.{key}")
        if item is None or item == {} or key not in kind.fields:
            below[MEMBER] = True
        if below:
            found[f"f:{key}"] = below
    return found


def _list_set(kind: ListType, value: list[Any], path: str) -> FieldSet:
    elements = [_element(kind, item, path) for item in value]
    found: FieldSet = {}
    for element, item in zip(elements, value):
        if element in found:
            found[element] = dict(LEAF)  # duplicates are owned as a whole
            continue
        below = _set_of(kind.element, item, f"{path}[{element}]")
        below[MEMBER] = True
        found[element] = below
    return found


# ---- comparison


class Comparison:
    """What differs between two values."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: FieldSet = {}
        self.modified: FieldSet = {}
        self.removed: FieldSet = {}


def compare(schema: Schema, old: Any, new: Any) -> Comparison:
    """What was added, modified and removed between two objects."""
    result = Comparison()
    _compare(schema, old, new, (), result)
    for found in (result.added, result.modified, result.removed):
        found.pop(MEMBER, None)
    return result


def _insert(into: FieldSet, path: tuple[str, ...]) -> None:
    for element in path:
        into = into.setdefault(element, {})
    into[MEMBER] = True


def _compare(schema: Schema, old: Any, new: Any, path: tuple[str, ...], result: Comparison) -> None:
    if old is new or (old is not MISSING and new is not MISSING and type(old) is type(new) and old == new):
        return
    before, after = atom_of(schema, _plain(old)), atom_of(schema, _plain(new))
    leaf = False
    if new is MISSING or new is None:
        leaf = _compare_as(before, old, new, path, result)
    elif old is MISSING or old is None or type(before) is type(after):
        leaf = _compare_as(after, old, new, path, result)
    else:
        first = _compare_as(before, old, new, path, result)
        leaf = _compare_as(after, old, new, path, result) or first
    if not leaf:
        if old is MISSING:
            _insert(result.added, path)
        elif new is MISSING:
            _insert(result.removed, path)


def _plain(value: Any) -> Any:
    return None if value is MISSING else value


def _compare_as(kind: Atom, old: Any, new: Any, path: tuple[str, ...], result: Comparison) -> bool:
    """Compare as this kind of value; whether the value is a leaf (its path has been noted)."""
    expected: Any = dict if isinstance(kind, MapType) else list if isinstance(kind, ListType) else ()
    left = old if expected and isinstance(old, expected) else None
    right = new if expected and isinstance(new, expected) else None
    whole = not expected or _is_atomic(kind) or (not left and not right)
    if whole:
        if old is MISSING:
            _insert(result.added, path)
        elif new is MISSING:
            _insert(result.removed, path)
        elif old != new or type(old) is not type(new):
            _insert(result.modified, path)
        return True
    if isinstance(kind, MapType):
        for key in {**(left or {}), **(right or {})}:
            below = _below(kind, key, _shown(path))
            _compare(
                below,
                (left or {}).get(key, MISSING),
                (right or {}).get(key, MISSING),
                (*path, f"f:{key}"),
                result,
            )
    elif isinstance(kind, ListType):
        _compare_items(kind, left or [], right or [], path, result)
    return False


def _is_atomic(kind: Atom) -> bool:
    return (isinstance(kind, MapType) and kind.atomic) or (
        isinstance(kind, ListType) and kind.kind == "atomic"
    )


def _shown(path: tuple[str, ...]) -> str:
    return "".join(f".{element[2:]}" if element.startswith("f:") else f"[{element}]" for element in path)


def _grouped(kind: ListType, items: list[Any], path: str) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(_element(kind, item, path), []).append(item)
    return groups


def _compare_items(
    kind: ListType, old: list[Any], new: list[Any], path: tuple[str, ...], result: Comparison
) -> None:
    left, right = _grouped(kind, old, _shown(path)), _grouped(kind, new, _shown(path))
    for element in {**left, **right}:
        ours, theirs = left.get(element, []), right.get(element, [])
        here = (*path, element)
        if len(ours) <= 1 and len(theirs) <= 1:
            _compare(
                kind.element, ours[0] if ours else MISSING, theirs[0] if theirs else MISSING, here, result
            )
        elif not ours:
            _insert(result.added, here)
        elif not theirs:
            _insert(result.removed, here)
        elif ours != theirs:
            _insert(result.modified, here)


# ---- merge


def merge(schema: Schema, live: Any, config: Any, path: str = "") -> Any:
    """`config` over `live`; MISSING when neither has anything. Lists keep the live order and take in new items."""
    if live is MISSING and config is MISSING:
        return MISSING
    before, after = atom_of(schema, _plain(live)), atom_of(schema, _plain(config))
    kind = before if config is MISSING or (config is None and live is not MISSING) else after
    if config is not MISSING and config is not None and isinstance(config, dict | list):
        kind = after
    expected: Any = dict if isinstance(kind, MapType) else list if isinstance(kind, ListType) else ()
    left = live if expected and isinstance(live, expected) else None
    right = config if expected and isinstance(config, expected) else None
    if expected and config is not MISSING and config is not None and right is None:
        raise TypedError(path, f"expected {'map' if expected is dict else 'list'}, got &{{{config}}}")
    if not expected or _is_atomic(kind) or (not left and not right):
        return live if config is MISSING else config
    if isinstance(kind, MapType):
        merged: dict[str, Any] = {}
        for key in {**(left or {}), **(right or {})}:
            below = _below(kind, key, path)
            item = merge(
                below, (left or {}).get(key, MISSING), (right or {}).get(key, MISSING), f"{path}.{key}"
            )
            if item is not MISSING:
                merged[key] = item
        return merged if merged else MISSING
    assert isinstance(kind, ListType)
    return _merge_items(kind, left or [], right or [], path) or MISSING


def _merge_items(kind: ListType, live: list[Any], config: list[Any], path: str) -> list[Any]:
    left = [_element(kind, item, path) for item in live]
    right = [_element(kind, item, path) for item in config]
    if len(set(right)) < len(right):
        twice = next(element for element in right if right.count(element) > 1)
        raise TypedError(path, f"duplicate entries for key {twice[2:]}")
    # A live item that is there twice is replaced, not merged.
    ours = {element: (item if left.count(element) == 1 else MISSING) for element, item in zip(left, live)}
    theirs = dict(zip(right, config))
    shared = [element for element in right if element in ours]
    result: list[Any] = []
    done: set[str] = set()

    def take(element: str, old: Any, new: Any) -> None:
        item = merge(kind.element, old, new, f"{path}[{element}]")
        if item is not MISSING:
            result.append(item)

    at, to = 0, 0
    while at < len(left) or to < len(right):
        if at < len(left) and to < len(right):
            element = left[at]
            if element == right[to]:
                done.add(element)
                take(element, ours[element], theirs[element])
                at, to = at + 1, to + 1
                shared = shared[1:]
                continue
            if element in theirs and shared and shared[0] != element:
                at += 1  # shared, but its turn comes later
                continue
        if at < len(left):
            element = left[at]
            if element not in theirs:
                take(element, live[at], MISSING)
                at += 1
                continue
            if element in done:
                at += 1
        if to < len(right):
            element = right[to]
            done.add(element)
            take(element, ours.get(element, MISSING), theirs[element])
            to += 1
            if shared and shared[0] == element:
                shared = shared[1:]
    return result


# ---- removal


def remove(schema: Schema, value: Any, fields: FieldSet) -> Any:
    """The value without these fields and items. What becomes empty by it becomes null, as upstream has it."""
    kind = atom_of(schema, value)
    if isinstance(kind, MapType):
        if not isinstance(value, dict) or not value or kind.atomic:
            return None
        kept = {}
        for key, item in value.items():
            element = f"f:{key}"
            if has(fields, element):
                continue
            below = fields.get(element)
            kept[key] = remove(kind.of(key) or UNTYPED, item, below) if below else item
        return kept or None
    if isinstance(kind, ListType):
        if not isinstance(value, list) or not value or kind.kind == "atomic":
            return None
        items = []
        for item in value:
            element = _element(kind, item, "")
            if has(fields, element):
                continue
            below = fields.get(element)
            items.append(remove(kind.element, item, below) if below else item)
        return items or None
    return value


def named_members(schema: Schema, fields: FieldSet) -> FieldSet:
    """The set with every declared field on the way to a member as a member too."""
    kind = atom_of(schema, {} if any(element.startswith("f:") for element in fields) else [])
    result: FieldSet = {}
    for element, below in fields.items():
        if element == MEMBER:
            result[element] = True
            continue
        inner: Schema = UNTYPED
        declared = False
        if isinstance(kind, MapType) and element.startswith("f:"):
            inner = kind.of(element[2:]) or UNTYPED
            declared = element[2:] in kind.fields
        elif isinstance(kind, ListType) and element.startswith("k:"):
            inner = kind.element
        named = named_members(inner, below)
        if declared and len(named) > (MEMBER in named):
            named[MEMBER] = True
        result[element] = named
    return result


Walk = Callable[[Schema, Any], Any]
