"""What the functions of expr-lang v1.17 take and give, as far as that is decided before an expression runs.

Source of behaviour: the signatures and validators of its built-in functions; Go's documentation of time.Time and time.Duration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from argolint.language.expr import ast as t
from argolint.language.expr.names import BUILTINS
from argolint.language.expr.statics import (
    ANY,
    ANY_MAP,
    BOOL,
    BYTE,
    BYTES,
    DURATION,
    FLOAT,
    FLOATS,
    INT,
    INT64,
    INTS,
    LIST,
    MONTH,
    NIL,
    STRING,
    STRINGS,
    TIME,
    UNKNOWN,
    WEEKDAY,
    ZONE,
    Failure,
    Function,
    Static,
    assignable,
    function,
    is_integer,
    is_unknown,
    list_of,
)  # fmt: skip

if TYPE_CHECKING:
    from argolint.language.expr.statics import _Typing

_S, _SS, _SSS = (STRING,), (STRING, STRING), (STRING, STRING, STRING)
_NUMBER_KINDS = ("int", "int64", "uint8", "float64")
_LISTS = ("slice", "interface")


def _overloads(gives: Static, *takes: tuple[Static, ...]) -> tuple[Function, ...]:
    return tuple(Function(one, gives) for one in takes)


_DECLARED: dict[str, tuple[Function, ...]] = {
    "type": _overloads(STRING, (ANY,)),
    "string": _overloads(STRING, (ANY,)),
    **dict.fromkeys(("trim", "trimPrefix", "trimSuffix"), _overloads(STRING, _S, _SS)),
    **dict.fromkeys(("upper", "lower", "toBase64", "fromBase64"), _overloads(STRING, _S)),
    **dict.fromkeys(("split", "splitAfter"), _overloads(STRINGS, _SS, (*_SS, INT))),
    "replace": _overloads(STRING, (*_SSS, INT), _SSS),
    "repeat": _overloads(STRING, (STRING, INT)),
    "join": _overloads(STRING, (LIST, STRING), (LIST,), (STRINGS, STRING), (STRINGS,)),
    **dict.fromkeys(("indexOf", "lastIndexOf"), _overloads(INT, _SS)),
    **dict.fromkeys(("hasPrefix", "hasSuffix"), _overloads(BOOL, _SS)),
    "toJSON": _overloads(STRING, (ANY,)),
    "fromJSON": _overloads(ANY, _S),
    "duration": _overloads(DURATION, _S),
    "timezone": _overloads(ZONE, _S),
    "sort": _overloads(LIST, *((one, *rest) for one in (INTS, FLOATS, STRINGS, LIST) for rest in ((), _S))),
    **dict.fromkeys(
        ("bitand", "bitor", "bitxor", "bitnand", "bitshl", "bitshr", "bitushr"), _overloads(INT, (INT, INT))
    ),
    "bitnot": _overloads(INT, (INT,)),
}


def _one_of(kinds: tuple[str, ...], gives: Static | None) -> Callable[[Sequence[Static]], Static | str]:
    """A function of one argument of certain kinds; it gives its argument's type if `gives` is None."""

    def validate(args: Sequence[Static]) -> Static | str:
        if len(args) != 1:
            return f"expected 1, got {len(args)}"
        return (gives or args[0]) if args[0].kind in kinds else "type"

    return validate


def _aggregate(args: Sequence[Static]) -> Static | str:
    for arg in args:
        if arg.kind in _LISTS:
            return ANY
        if arg.kind not in _NUMBER_KINDS:
            return "type"
    return args[0] if args else "expected at least 1, got 0"


def _end(args: Sequence[Static]) -> Static | str:
    if len(args) != 1:
        return f"expected 1, got {len(args)}"
    if args[0].kind == "slice":
        return STRING if args[0].go == STRINGS.go else BYTE if args[0].go == BYTES.go else ANY
    return ANY if args[0].kind == "interface" else "type"


def _take(args: Sequence[Static]) -> Static | str:
    if len(args) != 2:
        return f"expected 2, got {len(args)}"
    if args[0].kind not in _LISTS or args[1].kind not in ("int", "int64", "interface"):
        return "type"
    return LIST if args[0].go == LIST.go else args[0]


def _now(args: Sequence[Static]) -> Static | str:
    return TIME if not args or (len(args) == 1 and args[0] == ZONE) else f"expected 0, got {len(args)}"


def _date(args: Sequence[Static]) -> Static | str:
    count = len(args) - bool(args and args[0] == ZONE)
    return TIME if args and count <= 3 else f"expected 1 to 3, got {count}"


def _concat(args: Sequence[Static]) -> Static | str:
    return LIST if args and all(arg.kind in _LISTS for arg in args) else "type"


def _get(args: Sequence[Static]) -> Static | str:
    if len(args) != 2:
        return f"expected 2, got {len(args)}"
    base, key = args
    if base.kind == "interface":
        return UNKNOWN
    if base.kind == "slice":
        return (base.elem or UNKNOWN) if is_integer(key) or is_unknown(key) else "type"
    if base.kind == "map":
        fits_key = (
            base.go == ANY_MAP.go
            or base.go.startswith("map[interface")
            or key.go == "string"
            or is_unknown(key)
        )
        elem: Static = base.elem
        return elem if fits_key else "type"
    return "type"


_VALIDATED: dict[str, Callable[[Sequence[Static]], Static | str]] = {
    "len": _one_of(("slice", "map", "string", "interface"), INT),
    "abs": _one_of((*_NUMBER_KINDS, "interface"), None),
    **dict.fromkeys(("ceil", "floor", "round"), _one_of((*_NUMBER_KINDS, "interface"), FLOAT)),
    "int": _one_of((*_NUMBER_KINDS, "interface", "string"), INT),
    "float": _one_of((*_NUMBER_KINDS, "interface", "string"), FLOAT),
    **dict.fromkeys(("max", "min", "mean", "median"), _aggregate),
    "now": _now,
    "date": _date,
    **dict.fromkeys(("first", "last"), _end),
    "get": _get,
    "take": _take,
    **dict.fromkeys(("keys", "values", "toPairs"), _one_of(("map", "interface"), LIST)),
    "fromPairs": _one_of(_LISTS, ANY_MAP),
    **dict.fromkeys(("reverse", "uniq", "flatten"), _one_of(_LISTS, LIST)),
    "concat": _concat,
}


def named(name: str) -> Static | None:
    """The type of a function's bare name (its value is nil when it runs); None if there is no such function."""
    if name not in BUILTINS:
        return None
    declared = _DECLARED.get(name)
    go = (
        function(declared[0].takes, declared[0].gives).go
        if declared
        else "func(...interface {}) interface {}"
    )
    return Static(go, "func", None, name)


def check_builtin(name: str, args: Sequence[Static], node: t.Node, nodes: Sequence[t.Node]) -> Static:
    """What a call without closures gives. Raises Failure if its arguments do not fit."""
    validate = _VALIDATED.get(name)
    if validate is not None:
        shown = [ANY if arg is UNKNOWN else arg for arg in args]
        result = validate(shown)
        if not isinstance(result, str):
            return result
        if result == "type":
            wrong = ", ".join(arg.go for arg in args)
            raise Failure(f"invalid argument for {name} (type {wrong})", node.start, node.end)
        raise Failure(f"invalid number of arguments for {name} ({result})", node.start, node.end)
    problem: Failure | None = None
    for overload in _DECLARED.get(name, ()):
        found = fits(name, overload, args, node, nodes)
        if found is None:
            return overload.gives
        # What is wrong with an argument says more than that another form takes more of them.
        problem = found if problem is None or len(overload.takes) == len(args) else problem
    raise problem or Failure(f"{name} takes a predicate", node.start, node.end)


def fits(
    name: str, signature: Function, args: Sequence[Static], node: t.Node, nodes: Sequence[t.Node]
) -> Failure | None:
    """What is wrong with the arguments of a call, None if nothing is."""
    if len(args) != len(signature.takes):
        few = "not enough" if len(args) < len(signature.takes) else "too many"
        return Failure(f"{few} arguments to call {name}", node.start, node.end)
    for arg, wanted, place in zip(args, signature.takes, nodes):
        if wanted.kind == "interface" or (is_integer(wanted) and is_integer(arg)):
            continue
        if arg is NIL or not (is_unknown(arg) or assignable(arg, wanted)):
            message = f"cannot use {arg.go} as argument (type {wanted.go}) to call {name}"
            return Failure(message, place.start, place.end)
    return None


_TESTS = frozenset(
    ("all", "any", "none", "one", "filter", "count", "find", "findLast", "findIndex", "findLastIndex")
)


def check_predicate(typing: _Typing, node: t.Builtin) -> Static:
    """What a call with a closure gives. Raises Failure if its parts do not fit."""
    name = node.name
    collection = typing.of(node.args[0])
    if not (collection.kind == "slice" or is_unknown(collection)):
        message = f"builtin {name} takes only array (got {collection.go})"
        raise Failure(message, node.args[0].start, node.args[0].end)
    body = UNKNOWN
    if len(node.args) > 1:
        pointers = {"map": ("index",), "reduce": ("index", "acc")}.get(name, ())
        typing.subjects.append((collection, pointers))
        body = typing.of(node.args[1])
        typing.subjects.pop()
    if len(node.args) > 2:
        order = typing.of(node.args[2])
        if name == "sortBy" and not (order.kind == "string" or is_unknown(order)):
            message = f"sortBy order argument must be a string (got {order.go})"
            raise Failure(message, node.args[2].start, node.args[2].end)
    if body is NIL:
        raise Failure("predicate should have a value", node.args[1].start, node.args[1].end)
    if name in _TESTS and len(node.args) > 1 and not (body.kind == "bool" or is_unknown(body)):
        message = f"predicate should return boolean (got {body.go})"
        raise Failure(message, node.args[1].start, node.args[1].end)
    return _predicate_result(name, collection, body, len(node.args))


def _predicate_result(name: str, collection: Static, body: Static, count: int) -> Static:
    unknown = is_unknown(collection)
    elem = UNKNOWN if unknown else collection.elem or UNKNOWN
    if name in ("all", "any", "none", "one"):
        return BOOL
    if name in ("count", "findIndex", "findLastIndex"):
        return INT
    if name == "filter":
        return LIST if unknown else list_of(elem)
    if name == "map":
        return list_of(body)
    if name == "sum":
        return elem if count == 1 else ANY if is_unknown(body) else body
    if name in ("find", "findLast"):
        return elem
    if name == "groupBy":
        grouped = list_of(ANY if unknown else elem)
        return Static("map[interface {}][]interface {}", "map", grouped)
    return collection if name == "sortBy" else body


def _methods(takes: tuple[Static, ...], gives: Static, *names: str) -> dict[str, Static]:
    return dict.fromkeys(names, function(takes, gives))


METHODS: Mapping[str, Mapping[str, Static]] = {
    "time.Time": {
        **_methods((), INT, "Year", "Day", "Hour", "Minute", "Second", "Nanosecond", "YearDay", "ISOWeek"),
        **_methods((), INT64, "Unix", "UnixMilli", "UnixMicro", "UnixNano"),
        **_methods((), MONTH, "Month"),
        **_methods((), WEEKDAY, "Weekday"),
        **_methods((), TIME, "UTC", "Local"),
        **_methods((), STRING, "String", "GoString", "Zone"),
        **_methods((), BOOL, "IsZero", "IsDST"),
        **_methods((), ZONE, "Location"),
        **_methods(_S, STRING, "Format"),
        **_methods((DURATION,), TIME, "Add", "Truncate", "Round"),
        **_methods((TIME,), DURATION, "Sub"),
        **_methods((TIME,), BOOL, "Before", "After", "Equal"),
        **_methods((TIME,), INT, "Compare"),
        **_methods((ZONE,), TIME, "In"),
        **_methods((INT, INT, INT), TIME, "AddDate"),
    },
    "time.Duration": {
        **_methods((), FLOAT, "Hours", "Minutes", "Seconds"),
        **_methods((), INT64, "Milliseconds", "Microseconds", "Nanoseconds"),
        **_methods((), DURATION, "Abs"),
        **_methods((), STRING, "String"),
        **_methods((DURATION,), DURATION, "Round", "Truncate"),
    },
    "time.Month": _methods((), STRING, "String"),
    "time.Weekday": _methods((), STRING, "String"),
    "*time.Location": _methods((), STRING, "String"),
}
