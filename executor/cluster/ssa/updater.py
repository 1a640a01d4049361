"""What an apply and an update do to an object and to the sets of its managers (upstream: structured-merge-diff, merge)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple, TypeVar

from executor.cluster.schemas import Schema
from executor.cluster.ssa import walks
from executor.cluster.ssa.fieldset import (
    MEMBER,
    FieldSet,
    difference,
    intersection,
    recursive_difference,
    union,
)
from executor.cluster.ssa.types import ListType, MapType, atom_of
from executor.cluster.ssa.walks import MISSING, named_members, to_set

Manager = TypeVar("Manager", bound=Hashable)


class Managed(NamedTuple):
    """An object with the field sets of its managers."""

    obj: Any
    managers: dict[Any, FieldSet]


class Conflict(Exception):
    """An apply that would change what others own: manager → fields."""

    def __init__(self, fields: Mapping[Any, FieldSet]) -> None:
        super().__init__("conflict")
        self.fields = dict(fields)


def _reconcile(
    schema: Schema, live: Any, new: Any, managers: Mapping[Any, FieldSet], manager: Any, force: bool
) -> tuple[dict[Any, FieldSet], walks.Comparison]:
    """Take what changed away from everyone but `manager`. Conflict when that is not to be forced."""
    changes = walks.compare(schema, live, new)
    touched = union(changes.modified, changes.added)
    conflicts = {}
    result = dict(managers)
    for other, fields in managers.items():
        if other == manager:
            continue
        if lost := intersection(fields, touched):
            conflicts[other] = lost
            fields = difference(fields, lost)
        result[other] = difference(fields, changes.removed)
    if conflicts and not force:
        raise Conflict(conflicts)
    return {other: fields for other, fields in result.items() if fields}, changes


def update(
    schema: Schema,
    live: Any,
    new: Any,
    managers: Mapping[Any, FieldSet],
    manager: Any,
    ignored: FieldSet | None = None,
) -> dict[Any, FieldSet]:
    """The managers after `manager` has written `new` in the place of `live` (PUT, PATCH, create): it owns what it changed."""
    managers = at_schema(schema, managers)
    result, changes = _reconcile(schema, live, new, managers, manager, True)
    owned = union(
        union(difference(result.get(manager, {}), changes.removed), changes.modified), changes.added
    )
    owned = recursive_difference(owned, ignored or {})
    if owned:
        result[manager] = owned
    else:
        result.pop(manager, None)
    return result


def apply(
    schema: Schema,
    live: Any,
    config: Any,
    managers: Mapping[Any, FieldSet],
    manager: Any,
    *,
    force: bool = False,
    ignored: FieldSet | None = None,
) -> Managed:
    """The object (None when nothing is left of it) and its managers after `manager` has applied `config`.

    Conflict when others own what it would change and it is not forced; TypedError when it does not fit the schema.
    """
    managers = at_schema(schema, managers)
    merged = walks.merge(schema, live, config)
    if merged is MISSING:
        merged = {}
    last = managers.get(manager)
    owned = recursive_difference(to_set(schema, config), ignored or {})
    claimed = {**managers, manager: owned}
    new = _prune(schema, merged, claimed, last)
    result, _ = _reconcile(schema, live, new, claimed, manager, force)
    return Managed(new, result)


def _prune(schema: Schema, merged: Any, managers: Mapping[Any, FieldSet], last: FieldSet | None) -> Any:
    """Remove what the manager applied before and now leaves out, unless someone else owns it."""
    if not last:
        return merged
    pruned = walks.remove(schema, merged, named_members(schema, last))
    everyone: FieldSet = {}
    for fields in managers.values():
        everyone = union(everyone, fields)
    whole = named_members(schema, to_set(schema, merged))
    kept = union(named_members(schema, to_set(schema, pruned)), named_members(schema, everyone))
    pruned = walks.remove(schema, merged, difference(whole, kept))
    left = named_members(schema, to_set(schema, pruned))
    gone = intersection(difference(whole, left), named_members(schema, last))
    return walks.remove(schema, merged, gone)


def at_schema(schema: Schema, managers: Mapping[Any, FieldSet]) -> dict[Any, FieldSet]:
    """The managers' sets after a change of schema: parts of what is now one value become the whole of it."""
    return {manager: _at_schema(schema, fields) for manager, fields in managers.items()}


def _at_schema(schema: Schema, fields: FieldSet) -> FieldSet:
    if len(fields) == (MEMBER in fields):
        return fields
    kind = atom_of(schema, {} if any(element.startswith("f:") for element in fields) else [])
    if isinstance(kind, MapType):
        if kind.atomic:
            return {MEMBER: True}
        return {
            element: below if element == MEMBER else _at_schema(kind.of(element[2:]) or {}, below)
            for element, below in fields.items()
        }
    if isinstance(kind, ListType):
        if kind.kind == "atomic":
            return {MEMBER: True}
        return {
            element: below if element == MEMBER else _at_schema(kind.element, below)
            for element, below in fields.items()
        }
    return fields
