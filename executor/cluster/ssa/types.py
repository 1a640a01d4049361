"""How a schema says that a value is merged: as a scalar, a map or a list, whole or by parts.

Upstream: structured-merge-diff reads the same marks of OpenAPI schemas (`x-kubernetes-list-type`, `-list-map-keys`,
`-map-type`); where there is no schema, maps are merged by key, lists and scalars replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import orjson

from executor.cluster.schemas import Schema, resolve

UNTYPED: Final[Schema] = {}
"""The schema of what has none."""


class MapType(NamedTuple):
    """A map or struct: its fields, the schema of other keys (None: there may be none), and whether it is one value."""

    fields: Mapping[str, Schema]
    element: Schema | None
    atomic: bool

    def of(self, key: str) -> Schema | None:
        """The schema of the value of a key."""
        found = self.fields.get(key)
        return resolve(found) if found is not None else self.element


class ListType(NamedTuple):
    """A list: one value (`atomic`), a `set` of scalars, or a `map` by the values of some keys of its items."""

    kind: Literal["atomic", "set", "map"]
    element: Schema
    keys: tuple[str, ...]


class ScalarType(NamedTuple):
    """One value."""


Atom = MapType | ListType | ScalarType

_SCALAR: Final = ScalarType()
_FREE_MAP: Final = MapType({}, UNTYPED, False)
_FREE_LIST: Final = ListType("atomic", UNTYPED, ())


def atom_of(schema: Schema, value: Any) -> Atom:
    """How a value is merged by its schema. Without one, or with one that leaves the type open, the value decides."""
    kind = schema.get("type")
    if kind == "object":
        return _map_type(schema)
    if kind == "array":
        return _list_type(schema)
    if kind in ("string", "integer", "number", "boolean") or schema.get("x-kubernetes-int-or-string"):
        return _SCALAR
    if schema.get("properties"):
        return _map_type(schema)
    if isinstance(value, dict):
        return _map_type(schema) if schema.get("x-kubernetes-map-type") == "atomic" else _FREE_MAP
    return _FREE_LIST if isinstance(value, list) else _SCALAR


def _map_type(schema: Schema) -> MapType:
    properties = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    element: Schema | None
    if isinstance(additional, Mapping):
        element = resolve(additional)
    elif additional is True or schema.get("x-kubernetes-preserve-unknown-fields") or not properties:
        element = UNTYPED
    else:
        element = None
    return MapType(properties, element, schema.get("x-kubernetes-map-type") == "atomic")


def _list_type(schema: Schema) -> ListType:
    items = schema.get("items")
    element = resolve(items) if isinstance(items, Mapping) else UNTYPED
    kind = schema.get("x-kubernetes-list-type")
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ())
    if kind is None and "merge" in str(schema.get("x-kubernetes-patch-strategy", "")).split(","):
        merge_key = schema.get("x-kubernetes-patch-merge-key")
        kind, keys = ("map", (merge_key,)) if merge_key else ("set", ())
    return ListType(kind if kind in ("set", "map") else "atomic", element, keys)


def element_of(kind: ListType, item: Any) -> str:
    """The path element of a list's item. ValueError when the item has none."""
    if kind.kind == "set":
        if isinstance(item, dict | list):
            raise ValueError("associative list without keys has an element that's a map type")
        return "v:" + orjson.dumps(item).decode()
    if not isinstance(item, dict):
        raise ValueError("associative list with keys may not have non-map elements")
    keys: dict[str, Any] = {}
    properties = kind.element.get("properties") or {}
    for key in kind.keys:
        if key in item and item[key] is not None:
            keys[key] = item[key]
        elif key in properties and "default" in resolve(properties[key]):
            keys[key] = resolve(properties[key])["default"]
        elif key in item:
            raise ValueError(
                f"associative list with keys has an element that has a null value for key field {key!r}"
            )
    if not keys:
        raise ValueError(
            f'associative list with keys has an element that omits key field "{kind.keys[0]}" (and doesn\'t have default value)'
        )
    return "k:" + orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode()
