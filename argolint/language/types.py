"""The types that the checker gives to variables and expressions.

A type has a kind; lists have an element type, maps have properties (and possibly a type for all others); any type may be
`absent` (its producer may have been skipped) and may be known to a constant or to what a string holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class _Unknown:
    """Stands for "no constant": None is a constant of its own."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


class Type(NamedTuple):
    """`kind`: any, string, int, float, bool, nil, list, map, time, duration, func, artifact.

    `holds` says what a string holds if that is known: number, bool, json, choice (one of `choices`). `rest` of a map is the
    type of the properties that `props` does not list; None means that there are no others. `origin` says where it comes from.
    """

    kind: str
    element: Any = None
    props: Mapping[str, Any] | None = None
    rest: Any = None
    absent: bool = False
    const: Any = UNKNOWN
    holds: str = ""
    choices: tuple[str, ...] = ()
    origin: str = ""

    def __str__(self) -> str:
        if self.kind == "list" and self.element is not None and self.element.kind != "any":
            return f"list of {self.element}"
        return {"any": "value", "nil": "nil"}.get(self.kind, self.kind)


ANY = Type("any")
STRING = Type("string")
NUMBER_STRING = Type("string", holds="number")
BOOL_STRING = Type("string", holds="bool")
JSON_STRING = Type("string", holds="json")
INT = Type("int")
FLOAT = Type("float")
BOOL = Type("bool")
NIL = Type("nil", const=None)
TIME = Type("time")
DURATION = Type("duration")
LIST = Type("list", element=ANY)
MAP = Type("map", rest=ANY)
STRINGS = Type("list", element=STRING)
STRING_MAP = Type("map", rest=STRING)
ARTIFACT = Type("artifact", rest=ANY)
FUNC = Type("func")

BY_NAME: dict[str, Type] = {
    "any": ANY,
    "string": STRING,
    "number-string": NUMBER_STRING,
    "bool-string": BOOL_STRING,
    "json-string": JSON_STRING,
    "int": INT,
    "float": FLOAT,
    "number": FLOAT,
    "bool": BOOL,
    "nil": NIL,
    "time": TIME,
    "duration": DURATION,
    "list": LIST,
    "map": MAP,
    "strings": STRINGS,
    "string-map": STRING_MAP,
    "artifact": ARTIFACT,
}


def list_of(element: Type) -> Type:
    """A list of one type."""
    return Type("list", element=element)


def record(props: Mapping[str, Type], rest: Type | None = None) -> Type:
    """A map with known properties."""
    return Type("map", props=props, rest=rest)


def choice(values: tuple[str, ...]) -> Type:
    """A string that is one of a few."""
    return Type("string", holds="choice", choices=values)


def constant(value: Any) -> Type:
    """The type of a literal."""
    if value is None:
        return NIL
    kind = {bool: "bool", int: "int", float: "float", str: "string"}.get(type(value), "any")
    return Type(kind, const=value)


def present(type_: Type) -> Type:
    """The same type, no longer absent."""
    return type_._replace(absent=False) if type_.absent else type_


def is_number(type_: Type) -> bool:
    """Whether it is certainly an int or a float."""
    return type_.kind in ("int", "float")


PHASE = choice(("Pending", "Running", "Succeeded", "Failed", "Error", "Skipped", "Omitted", ""))
BY_NAME["phase"] = PHASE


def merge(left: Type, right: Type) -> Type:
    """What a value is that is either of two types."""
    if left.kind == "nil":
        return right._replace(absent=True) if right.kind != "nil" else right
    if right.kind == "nil":
        return left._replace(absent=True)
    absent = left.absent or right.absent
    if left.kind == right.kind:
        if left == right:
            return left
        element = merge(left.element, right.element) if left.element and right.element else None
        if left.kind == "map":
            return MAP._replace(absent=absent)
        return Type(left.kind, element=element or (ANY if left.kind == "list" else None), absent=absent)
    if is_number(left) and is_number(right):
        return FLOAT._replace(absent=absent)
    return ANY._replace(absent=absent)
