"""Sets of fields as tries.

A set is a dict from path elements to sets. Path elements are those of the wire format (`f:name`, `k:{"name":"x"}`, `v:"x"`);
the key `.` says that the path that leads here is itself a member. Sets are never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

FieldSet = dict[str, Any]

MEMBER: Final = "."
LEAF: Final[FieldSet] = {MEMBER: True}


def from_fields_v1(fields: Mapping[str, Any]) -> FieldSet:
    """A set from its wire format, in which a member without children is an empty object."""
    return {
        element: True if element == MEMBER else (from_fields_v1(below) if below else LEAF)
        for element, below in fields.items()
    }


def to_fields_v1(fields: FieldSet) -> dict[str, Any]:
    """The wire format of a set, sorted."""
    written: dict[str, Any] = {}
    for element in sorted(fields):
        below = fields[element]
        written[element] = {} if element == MEMBER or below == LEAF else to_fields_v1(below)
    return written


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in either set."""
    if not left or not right:
        return left or right
    merged = dict(left)
    for element, below in right.items():
        known = merged.get(element)
        merged[element] = below if known is None or element == MEMBER else union(known, below)
    return merged


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in both sets."""
    shared: FieldSet = {}
    for element, below in left.items():
        if element not in right:
            continue
        if element == MEMBER:
            shared[element] = True
        elif found := intersection(below, right[element]):
            shared[element] = found
    return shared


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and not in `right`; a member of `right` takes nothing below it away."""
    if not right:
        return left
    kept: FieldSet = {}
    for element, below in left.items():
        if element not in right:
            kept[element] = below
        elif element != MEMBER and (found := difference(below, right[element])):
            kept[element] = found
    return kept


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What is in `left` and neither in `right` nor below a member of `right`."""
    kept: FieldSet = {}
    for element, below in left.items():
        other = right.get(element)
        if other is None:
            kept[element] = below
        elif element != MEMBER and MEMBER not in other and (found := recursive_difference(below, other)):
            kept[element] = found
    return kept


def has(fields: FieldSet, element: str) -> bool:
    """Whether a path of one element is a member."""
    return MEMBER in fields.get(element, ())


def paths(fields: FieldSet, prefix: str = "") -> list[str]:
    """The members as upstream prints them: `.spec.list[name="x"].field`."""
    found = []
    for element in sorted(fields):
        if element == MEMBER:
            continue
        here = prefix + _printed(element)
        below = fields[element]
        if MEMBER in below:
            found.append(here)
        found += paths(below, here)
    return found


def _printed(element: str) -> str:
    kind, _, value = element.partition(":")
    if kind == "f":
        return f".{value}"
    if kind == "k":
        import orjson

        keys = orjson.loads(value)
        shown = ",".join(f"{key}={orjson.dumps(keys[key]).decode()}" for key in sorted(keys))
        return f"[{shown}]"
    return f"[={value}]" if kind == "v" else f"[{value}]"
