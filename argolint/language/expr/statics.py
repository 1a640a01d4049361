"""The types that expr-lang gives to expressions before it runs them, and what it refuses then.

Source of behaviour: expr-lang v1.17, its checker and the signatures of its functions. This is the part of the language that
decides between "does not compile" and "fails, or not, when it runs"; advice for people is `argolint.language.check`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.expr import ast as t


class Static(NamedTuple):
    """`go` is Go's name of the type, `kind` its kind ("" for unknown and nil), `elem` what a list or map holds,
    `func` what a function takes and gives.
    """

    go: str
    kind: str
    elem: Any = None
    func: Any = None


UNKNOWN = Static("unknown", "")
NIL = Static("nil", "")
ANY = Static("interface {}", "interface")
BOOL, INT, INT64, FLOAT, STRING = (
    Static(name, name) for name in ("bool", "int", "int64", "float64", "string")
)
BYTE = Static("uint8", "uint8")
BYTES = Static("[]uint8", "slice", BYTE)
TIME, DURATION = Static("time.Time", "struct"), Static("time.Duration", "int64")
MONTH, WEEKDAY, ZONE = (
    Static("time.Month", "int"),
    Static("time.Weekday", "int"),
    Static("*time.Location", "ptr"),
)
LIST = Static("[]interface {}", "slice", ANY)
STRINGS, INTS, FLOATS = (Static(f"[]{one.go}", "slice", one) for one in (STRING, INT, FLOAT))
MAP = Static("map[string]interface {}", "map", ANY)
ANY_MAP = Static("map[interface {}]interface {}", "map", ANY)

_INTEGERS = ("int", "int64", "uint8")
_NUMBER_KINDS = ("int", "int64", "uint8", "float64")
_LISTS = ("slice", "interface")


class Function(NamedTuple):
    """`takes` are the types of its arguments, the last of them repeated if `many`."""

    takes: tuple[Static, ...]
    gives: Static
    many: bool = False


def function(takes: tuple[Static, ...], gives: Static) -> Static:
    """The type of a function."""
    return Static(
        f"func({', '.join(one.go for one in takes)}) {gives.go}", "func", None, Function(takes, gives)
    )


def list_of(elem: Static) -> Static:
    """A `[]any` of which the element's type is known."""
    return Static("[]interface {}", "slice", elem)


def is_unknown(type_: Static) -> bool:
    """Whether nothing is known of it before it runs."""
    return type_ is UNKNOWN or type_.kind == "interface"


def is_integer(type_: Static) -> bool:
    """Whether it is a plain int; a Duration or a Month is none."""
    return type_.go in _INTEGERS


def is_number(type_: Static) -> bool:
    """Whether it is a plain int or float."""
    return type_.go in _INTEGERS or type_.go == "float64"


def assignable(type_: Static, to: Static) -> bool:
    """Go's assignability, as far as expressions can tell types apart."""
    if type_ is NIL:
        return to.kind in ("interface", "map", "slice", "func", "ptr")
    if type_ is UNKNOWN or to.kind == "":
        return False
    return to.kind == "interface" or type_.go == to.go


def comparable(left: Static, right: Static) -> bool:
    """Whether `==` compiles."""
    return (
        is_unknown(left)
        or is_unknown(right)
        or left is NIL
        or right is NIL
        or (is_number(left) and is_number(right))
        or (left.kind == "slice" and right.kind == "slice")
        or assignable(left, right)
    )


def type_of(value: Any) -> Static:
    """The type of a variable of the environment: of its value, but not of what is inside a list or map."""
    found = _OF_VALUES.get(value.__class__)
    if found is not None:
        return found
    for kind, static in _OF_VALUES.items():
        if isinstance(value, kind):
            return static
    return _named(value)


def _named(value: Any) -> Static:
    from argolint.language.gotime import Duration, Time

    if isinstance(value, Time):
        return TIME
    if isinstance(value, Duration):
        return DURATION
    return ANY


_OF_VALUES: dict[type, Static] = {
    str: STRING, bool: BOOL, int: INT, float: FLOAT, dict: MAP, list: LIST, tuple: LIST, bytes: BYTES, type(None): NIL,
}  # fmt: skip

# What Argo adds: the functions of the environment that have a signature; sprig is a map of unknowns.
ARGO: Mapping[str, Static] = {
    "asInt": function((ANY,), ANY),
    "asFloat": function((ANY,), ANY),
    "toJson": function((ANY,), STRING),
    "jsonpath": function((STRING, STRING), ANY),
    "sprig": MAP,
}

# Operators: pairs of types that fit and what they give, and which types an unknown may be on the other side.


def _time_like(type_: Static) -> bool:
    return type_ is TIME or type_.go == "time.Duration"


def _string(type_: Static) -> bool:
    return type_.kind == "string"


def _ordered(type_: Static) -> bool:
    return is_number(type_) or type_.kind == "string" or _time_like(type_)


def _number_or_time(type_: Static) -> bool:
    return is_number(type_) or _time_like(type_)


def _number_or_duration(type_: Static) -> bool:
    return is_number(type_) or type_.go == "time.Duration"


def _boolean(type_: Static) -> bool:
    return type_.kind == "bool"


_MAYBE: dict[str, tuple[Callable[[Static], bool], Static]] = {
    "and": (_boolean, BOOL), "or": (_boolean, BOOL),
    "<": (_ordered, BOOL), "<=": (_ordered, BOOL), ">": (_ordered, BOOL), ">=": (_ordered, BOOL),
    "+": (_ordered, UNKNOWN), "-": (_number_or_time, UNKNOWN), "*": (_number_or_duration, UNKNOWN),
    "/": (is_number, FLOAT), "**": (is_number, FLOAT), "%": (is_integer, INT), "..": (is_integer, list_of(INT)),
    "contains": (_string, BOOL), "startsWith": (_string, BOOL), "endsWith": (_string, BOOL), "matches": (_string, BOOL),
}  # fmt: skip
_ON_TIMES: dict[tuple[str, str, str], Static] = {
    ("-", "time.Time", "time.Time"): DURATION, ("-", "time.Time", "time.Duration"): TIME,
    ("-", "time.Duration", "time.Duration"): DURATION, ("*", "time.Duration", "time.Duration"): DURATION,
    ("+", "time.Time", "time.Duration"): TIME, ("+", "time.Duration", "time.Time"): TIME,
    ("+", "time.Duration", "time.Duration"): DURATION,
}  # fmt: skip


def binary(op: str, left: Static, right: Static) -> Static | None:
    """What an operator gives (one in its normal form, without `==`, `!=`, `in`, `??`); None if it does not compile."""
    allowed, result = _MAYBE[op]
    if is_unknown(left) or is_unknown(right):
        other = right if is_unknown(left) else left
        return result if is_unknown(other) or allowed(other) else None
    if op in ("+", "-", "*") and is_number(left) and is_number(right):
        return FLOAT if "float64" in (left.go, right.go) else INT
    timed = _ON_TIMES.get((op, left.go, right.go))
    if timed is not None:
        return timed
    if op == "*" and {left.go, right.go} & {"time.Duration"}:
        return DURATION if is_number(left) or is_number(right) else None
    if op == "matches" and left.go == "[]uint8":
        return BOOL if _string(right) else None
    if not (allowed(left) and allowed(right)):
        return None
    if allowed is _ordered and not is_number(left):
        fits = left.go == right.go and (op != "+" or left.kind == "string")
    elif op in ("-", "*"):
        fits = False
    else:
        fits = not is_number(left) or is_number(right)
    return (STRING if op == "+" else result) if fits else None


class Failure(LanguageError):
    """An expression that does not compile."""


def infer(root: t.Node, env: Mapping[str, Static]) -> Static:
    """The type of an expression. Raises Failure with the place of the first part that does not compile."""
    return _Typing(env).of(root)


class _Typing:
    __slots__ = ("env", "local", "subjects")

    def __init__(self, env: Mapping[str, Static]) -> None:
        self.env = env
        self.local: dict[str, Static] = {}
        self.subjects: list[tuple[Static, tuple[str, ...]]] = []

    def of(self, node: t.Node) -> Static:
        return _TABLE[node.__class__](self, node)

    def literal(self, node: t.Literal) -> Static:
        return type_of(node.value)

    def ident(self, node: t.Ident) -> Static:
        from argolint.language.expr.signatures import named

        name = node.name
        found = self.local.get(name) or self.env.get(name)
        if found is not None:
            return found
        if name == "$env":
            return UNKNOWN
        found = named(name)
        if found is None:
            raise Failure(f"unknown name {name}", node.start, node.end)
        return found

    def pointer(self, node: t.Pointer) -> Static:
        if not self.subjects:
            raise Failure("cannot use pointer accessor outside predicate", node.start, node.end)
        collection, names = self.subjects[-1]
        if node.name == "":
            return UNKNOWN if is_unknown(collection) else collection.elem or UNKNOWN
        if node.name not in names:
            raise Failure(f"unknown pointer #{node.name}", node.start, node.end)
        return INT if node.name == "index" else UNKNOWN

    def unary(self, node: t.Unary) -> Static:
        type_ = self.of(node.operand)
        if node.op == "not":
            if type_.kind == "bool" or is_unknown(type_):
                return BOOL
        elif is_number(type_):
            return type_
        elif is_unknown(type_):
            return UNKNOWN
        raise Failure(
            f"invalid operation: {node.op} (mismatched type {type_.go})",
            node.start,
            node.end,
        )

    def binary(self, node: t.Binary) -> Static:
        op = node.op
        if op == "matches" and isinstance(node.right, t.Literal) and isinstance(node.right.value, str):
            self.pattern(node, node.right.value)
        spine: list[t.Binary] = [node]
        first: t.Node = node.left
        while isinstance(first, t.Binary):
            spine.append(first)
            first = first.left
        left = self.of(first)
        for one in reversed(spine):
            left = self.operate(one, left, self.of(one.right))
        return left

    def pattern(self, node: t.Binary, text: str) -> None:
        from argolint.language import goregex

        try:
            goregex.compile(text)
        except ValueError as error:
            raise Failure(str(error), node.right.start, node.right.end) from None

    def operate(self, node: t.Binary, left: Static, right: Static) -> Static:
        op = node.op
        result: Static | None
        if op in ("==", "!="):
            result = BOOL if comparable(left, right) else None
        elif op == "??":
            if left is NIL or right is NIL:
                return right if left is NIL else left
            return left if assignable(right, left) else UNKNOWN
        elif op == "in":
            result = self.membership(node, left, right)
        else:
            result = binary(op, left, right)
        if result is None:
            raise Failure(
                f"invalid operation: {op} (mismatched types {left.go} and {right.go})", node.start, node.end
            )
        return result

    def membership(self, node: t.Binary, left: Static, right: Static) -> Static | None:
        if right.kind in ("struct", "ptr") and (left.kind == "string" or is_unknown(left)):
            return BOOL
        if right.kind == "map":
            if is_unknown(left) or right.go != MAP.go or left.go == "string":
                return BOOL
            raise Failure(f"cannot use {left.go} as type string in map key", node.start, node.end)
        if right.kind == "slice":
            if comparable(left, right.elem):
                return BOOL
            raise Failure(f"cannot use {left.go} as type {right.elem.go} in array", node.start, node.end)
        return BOOL if is_unknown(right) or (is_unknown(left) and right.kind == "string") else None

    def chain(self, node: t.Chain) -> Static:
        return self.of(node.node)

    def member(self, node: t.Member) -> Static:
        name = node.prop.value if isinstance(node.prop, t.Literal) else None
        if isinstance(node.node, t.Ident) and node.node.name == "$env":
            if isinstance(name, str) and name in self.env:
                return self.env[name]
            if isinstance(name, str) and not node.optional:
                raise Failure(f"unknown name {name}", node.start, node.end)
            return UNKNOWN
        base, prop = self.of(node.node), self.of(node.prop)
        if is_unknown(base):
            return UNKNOWN
        if isinstance(name, str) and base.kind not in ("map", "slice"):
            return self.method(node, base, name)
        if base.kind == "map":
            if base.go == MAP.go and not (prop.go == "string" or is_unknown(prop)):
                raise Failure(
                    f"cannot use {prop.go} to get an element from {base.go}", node.prop.start, node.prop.end
                )
            elem: Static = base.elem
            return elem
        if base.kind == "slice":
            if not (is_integer(prop) or is_unknown(prop)):
                message = f"array elements can only be selected using an integer (got {prop.go})"
                raise Failure(message, node.prop.start, node.prop.end)
            return base.elem or UNKNOWN
        raise Failure(f"type {base.go}[{prop.go}] is undefined", node.start, node.end)

    def method(self, node: t.Member, base: Static, name: str) -> Static:
        from argolint.language.expr.signatures import METHODS

        found = METHODS.get(base.go, {}).get(name)
        if found is None:
            raise Failure(f"type {base.go} has no field {name}", node.start, node.end)
        return found

    def slice(self, node: t.Slice) -> Static:
        base = self.of(node.node)
        if is_unknown(base):
            return UNKNOWN
        if base.kind not in ("string", "slice"):
            raise Failure(f"cannot slice {base.go}", node.start, node.end)
        for bound in (node.low, node.high):
            if bound is not None:
                type_ = self.of(bound)
                if not (is_integer(type_) or is_unknown(type_)):
                    raise Failure(f"non-integer slice index {type_.go}", bound.start, bound.end)
        return base

    def call(self, node: t.Call) -> Static:
        from argolint.language.expr.signatures import check_builtin, fits

        callee = node.callee
        name = callee.name if isinstance(callee, t.Ident) else "function"
        if name == "$env":
            raise Failure("the environment is not callable", node.start, node.end)
        type_ = self.of(callee)
        if is_unknown(type_):
            # What is unknown is called without a look at the arguments.
            return UNKNOWN
        if isinstance(callee, t.Member) and isinstance(callee.prop, t.Literal):
            name = str(callee.prop.value)
        if type_ is NIL:
            raise Failure(f"{name} is nil; cannot call nil as function", node.start, node.end)
        if type_.kind != "func":
            raise Failure(f"{type_.go} is not callable", node.start, node.end)
        args = [self.of(arg) for arg in node.args]
        if isinstance(type_.func, str):
            return check_builtin(type_.func, args, node, node.args)
        problem = fits(name, type_.func, args, node, node.args)
        if problem is not None:
            raise problem
        gives: Static = type_.func.gives
        return gives

    def builtin(self, node: t.Builtin) -> Static:
        from argolint.language.expr.signatures import check_builtin, check_predicate

        name = node.name
        if any(isinstance(arg, t.Predicate) for arg in node.args) or name in ("count", "sum"):
            return check_predicate(self, node)
        args = [self.of(arg) for arg in node.args]
        if (
            name == "get"
            and len(args) == 2
            and isinstance(node.args[0], t.Ident)
            and node.args[0].name == "$env"
        ):
            key = node.args[1]
            return self.env.get(key.value, UNKNOWN) if isinstance(key, t.Literal) else UNKNOWN
        return check_builtin(name, args, node, node.args)

    def predicate(self, node: t.Predicate) -> Static:
        return self.of(node.body)

    def let(self, node: t.Let) -> Static:
        from argolint.language.expr.names import BUILTINS

        if node.name in self.env or node.name in self.local or node.name in BUILTINS:
            what = "builtin" if node.name in BUILTINS else "variable"
            raise Failure(f"cannot redeclare {what} {node.name}", node.at, node.at + len(node.name))
        value = self.of(node.value)
        before = dict(self.local)
        self.local[node.name] = value
        result = self.of(node.body)
        self.local = before
        return result

    def sequence(self, node: t.Sequence) -> Static:
        return [self.of(one) for one in node.nodes][-1]

    def conditional(self, node: t.Conditional) -> Static:
        test = self.of(node.test)
        if not (test.kind == "bool" or is_unknown(test)):
            message = f"non-bool expression (type {test.go}) used as condition"
            raise Failure(message, node.test.start, node.test.end)
        then, otherwise = self.of(node.then), self.of(node.otherwise)
        if then is NIL or otherwise is NIL:
            return otherwise if then is NIL else then
        if not assignable(then, otherwise):
            return UNKNOWN
        if then.kind == "slice" and otherwise.kind == "slice":
            one, other = then.elem or UNKNOWN, otherwise.elem or UNKNOWN
            if not (assignable(one, other) and assignable(other, one)):
                return LIST
        return then

    def array(self, node: t.Array) -> Static:
        types = [self.of(one) for one in node.nodes]
        if len({type_.kind for type_ in types}) > 1:
            return LIST
        return list_of(types[-1] if types else UNKNOWN)

    def map_literal(self, node: t.MapLiteral) -> Static:
        for key, value in node.pairs:
            self.of(key)
            self.of(value)
        return MAP


_TABLE: dict[type, Callable[[_Typing, Any], Static]] = {
    t.Literal: _Typing.literal,
    t.Ident: _Typing.ident,
    t.Pointer: _Typing.pointer,
    t.Unary: _Typing.unary,
    t.Binary: _Typing.binary,
    t.Chain: _Typing.chain,
    t.Member: _Typing.member,
    t.Slice: _Typing.slice,
    t.Call: _Typing.call,
    t.Builtin: _Typing.builtin,
    t.Predicate: _Typing.predicate,
    t.Conditional: _Typing.conditional,
    t.Let: _Typing.let,
    t.Sequence: _Typing.sequence,
    t.Array: _Typing.array,
    t.MapLiteral: _Typing.map_literal,
}
