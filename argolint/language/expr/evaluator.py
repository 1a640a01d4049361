"""Evaluates an expression: a tree walk with budgets.

Source of behaviour: expr-lang v1.17 (language definition, runtime). Differences by intention: a budget in steps and in
made elements instead of one in memory, and maps that keep their order where Go's order is random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from argolint.language.errors import LanguageError
from argolint.language.expr import ast as t
from argolint.language.expr.functions import FUNCTIONS, call_function
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.language.expr.methods import call_method
from argolint.language.expr.operators import BINARY, cut, fetch
from argolint.language.expr.optimize import optimize
from argolint.language.expr.parser import parse
from argolint.language.expr.statics import ANY, ARGO, Failure, Static, infer, type_of
from argolint.language.values import AnyMap, Groups, NilList, is_number, type_name, valid, wrap

MAX_INT = 0x7FFFFFFFFFFFFFFF
MAX_STEPS = 1_000_000
MAX_ELEMENTS = 1_000_000
MAX_CHARACTERS = 20_000_000


class _Nothing(Exception):
    """A `?.` met nil: the chain around it is nil."""


def evaluate(
    source: str | t.Ast,
    env: Mapping[str, Any],
    *,
    hooks: Hooks = SYSTEM,
    functions: Mapping[str, Any] | None = None,
) -> Any:
    """The value of an expression.

    `env` holds the variables (nested dicts; flat dotted names are expanded), `functions` what is callable beside the language's own (default: Argo's:
    asInt, asFloat, toJson, jsonpath, sprig; pass `{}` where Argo has none). Raises LanguageError with the offsets
    of the part that failed, before anything runs if the types of the variables of `env` do not fit.
    """
    ast = parse(source) if isinstance(source, str) else source
    if functions is None:
        from argolint.language.expr.argo import functions_with

        functions = functions_with(hooks)
    if any("." in name for name in env):
        from argolint.language.expr.environment import expand

        env = expand(env)
    machine = _Machine(env, functions, hooks)
    try:
        return finished(machine.eval(_compiled(ast, env, functions)))
    except RecursionError:
        raise LanguageError("expression is nested too deeply", 0, len(ast.source)) from None


def _compiled(ast: t.Ast, env: Mapping[str, Any], functions: Mapping[str, Any]) -> t.Node:
    """The tree to run for variables of the types that those of `env` have. Raises Failure."""
    names = ast.names
    if "$env" in names:
        names = (*names, *env)
    types: list[tuple[str, Static]] = []
    for name in names:
        if name in env:
            types.append((name, type_of(env[name])))
        elif name in functions:
            types.append((name, ARGO.get(name, ANY)))
    found = _compile(ast, tuple(types))
    if isinstance(found, Failure):
        raise Failure(found.message, found.start, found.end)
    return found


@lru_cache(maxsize=4096)
def _compile(ast: t.Ast, types: tuple[tuple[str, Static], ...]) -> t.Node | Failure:
    try:
        infer(ast.root, dict(types))
        return optimize(ast.root, ast.source)
    except Failure as failure:
        return failure


def finished(value: Any) -> Any:
    """A result as others can use it: a range as the list that it stands for, bytes that are no UTF-8 as U+FFFD."""
    if isinstance(value, str):
        return value if value.isascii() else valid(value)
    if isinstance(value, range):
        return list(value)
    if isinstance(value, (list, tuple)) and any(isinstance(item, _MADE) for item in value):
        return [finished(item) for item in value]
    if isinstance(value, dict) and any(isinstance(item, _MADE) for item in value.values()):
        made = {key: finished(item) for key, item in value.items()}
        return type(value)(made) if isinstance(value, AnyMap) else made
    return value


_NO_ITEM = object()
_MADE = (str, list, tuple, dict, range)


class _Machine:
    __slots__ = (
        "characters",
        "elements",
        "env",
        "functions",
        "hooks",
        "scope",
        "scopes",
        "steps",
        "variables",
    )

    def __init__(self, env: Mapping[str, Any], functions: Mapping[str, Any], hooks: Hooks) -> None:
        self.env = env
        self.functions = functions
        self.hooks = hooks
        self.steps = MAX_STEPS
        self.elements = MAX_ELEMENTS
        self.characters = MAX_CHARACTERS
        self.variables: dict[str, Any] = {}
        self.scopes: list[tuple[Any, int, Any]] = []
        self.scope: tuple[Any, int, Any] = (None, 0, None)

    def eval(self, node: t.Node) -> Any:
        self.steps -= 1
        if self.steps < 0:
            raise LanguageError("evaluation takes too many steps", node.start, node.end)
        return _TABLE[type(node)](self, node)

    def spend(self, node: t.Node, value: Any) -> Any:
        """Charges for a value that was just made."""
        if isinstance(value, str):
            self.characters -= len(value)
        elif isinstance(value, (list, tuple, dict, range)):
            self.elements -= len(value)
        if self.elements < 0 or self.characters < 0:
            raise LanguageError("memory budget exceeded", node.start, node.end)
        return list(value) if isinstance(value, range) else value

    # Leaves.

    def literal(self, node: t.Literal) -> Any:
        return node.value

    def ident(self, node: t.Ident) -> Any:
        name = node.name
        if name in self.variables:
            return self.variables[name]
        if name in self.env:
            return self.env[name]
        if name in self.functions:
            return self.functions[name]
        if name == "$env":
            return {**self.env, **{key: one for key, one in self.functions.items() if key not in self.env}}
        # The name of a function, or in a part that is not checked before it runs.
        return None

    def pointer(self, node: t.Pointer) -> Any:
        if not self.scopes:
            raise LanguageError(f"cannot use pointer #{node.name} outside a predicate", node.start, node.end)
        element, index, accumulated = self.scope
        if node.name == "index":
            return index
        return accumulated if node.name == "acc" else self.item(node, element)

    def item(self, node: t.Node, element: Any) -> Any:
        """An element of what a closure runs over, which fails for a map: it can only be counted through."""
        if element is _NO_ITEM:
            raise LanguageError("a map has no elements to run over; use keys or values", node.start, node.end)
        return element

    # Operators.

    def unary(self, node: t.Unary) -> Any:
        value = self.eval(node.operand)
        if node.op == "not":
            if not isinstance(value, bool):
                raise LanguageError(f"invalid operation: ! {type_name(value)}", node.start, node.end)
            return not value
        if node.op == "+":
            return value
        if not is_number(value):
            raise LanguageError(f"invalid operation: - {type_name(value)}", node.start, node.end)
        return wrap(-value) if type(value) is int else -value

    def binary(self, node: t.Binary) -> Any:
        if node.op in ("and", "or", "??"):
            return self.lazy(node)
        if node.op == "in":
            return self.membership(node)
        spine: list[t.Binary] = []
        left: t.Node = node
        while isinstance(left, t.Binary) and left.op not in ("and", "or", "??", "in"):
            spine.append(left)
            left = left.left
        value = self.eval(left)
        for one in reversed(spine):
            right = self.eval(one.right)
            try:
                value = BINARY[one.op](value, right)
            except ValueError as error:
                raise LanguageError(str(error), one.start, one.end) from None
            except OverflowError:
                raise LanguageError("integer overflow", one.start, one.end) from None
            if not isinstance(value, (bool, int, float)):
                value = self.spend(one, value)
        return value

    def membership(self, node: t.Binary) -> bool:
        """`x in 1..n` for a whole x makes no list."""
        needle = self.eval(node.left)
        both = node.right
        if isinstance(both, t.Binary) and both.op == ".." and needle.__class__ is int:
            if isinstance(both.left, t.Literal) and isinstance(both.right, t.Literal):
                return bool(both.left.value <= needle <= both.right.value)
        container = self.eval(both)
        try:
            return bool(BINARY["in"](needle, container))
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def lazy(self, node: t.Binary) -> Any:
        if node.op == "??":
            left = self.eval(node.left)
            return self.eval(node.right) if left is None or isinstance(left, NilList) else left
        spine: list[t.Binary] = []
        first: t.Node = node
        while isinstance(first, t.Binary) and first.op == node.op:
            spine.append(first)
            first = first.left
        stop = node.op == "or"
        value = self.eval(first)
        for one in reversed(spine):
            if not isinstance(value, bool):
                raise LanguageError(
                    f"{node.op} needs a bool, not {type_name(value)}", one.left.start, one.left.end
                )
            if value is stop:
                return value
            # The right side is not looked at, even if it is no bool.
            value = self.eval(one.right)
        return value

    def truth(self, node: t.Node, what: str) -> bool:
        value = self.eval(node)
        if not isinstance(value, bool):
            raise LanguageError(f"{what} needs a bool, not {type_name(value)}", node.start, node.end)
        return value

    def conditional(self, node: t.Conditional) -> Any:
        return self.eval(node.then if self.truth(node.test, "a condition") else node.otherwise)

    # Access.

    def chain(self, node: t.Chain) -> Any:
        try:
            value = self.eval(node.node)
        except _Nothing:
            return None
        return None if value is None or isinstance(value, NilList) else value

    def member(self, node: t.Member) -> Any:
        container = self.eval(node.node)
        if node.optional and container is None:
            raise _Nothing
        key = self.eval(node.prop)
        try:
            return fetch(container, key)
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def slice(self, node: t.Slice) -> Any:
        container = self.eval(node.node)
        try:
            low = self.eval(node.low) if node.low else 0
            high = self.eval(node.high) if node.high else MAX_INT
            return self.spend(node, cut(container, low, high))
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def call(self, node: t.Call) -> Any:
        value = self.invoke(node)
        return int(value) if isinstance(value, int) and value.__class__.__name__ == "Int64" else value

    def argument(self, node: t.Node) -> Any:
        """An argument of a function that is not the language's own: what sprig gives reaches the next as an int64."""
        return self.invoke(node) if isinstance(node, t.Call) else self.eval(node)

    def invoke(self, node: t.Call) -> Any:
        callee = node.callee
        if isinstance(callee, t.Member) and callee.dotted and isinstance(callee.prop, t.Literal):
            return self.method(node, callee, callee.prop.value)
        args = [self.argument(arg) for arg in node.args]
        name = callee.name if isinstance(callee, t.Ident) else "value"
        return self.apply(node, self.eval(callee), name, args)

    def method(self, node: t.Call, callee: t.Member, name: str) -> Any:
        args = [self.argument(arg) for arg in node.args]
        target = self.eval(callee.node)
        if target is None and callee.optional:
            raise _Nothing
        if isinstance(target, Mapping):
            return self.apply(node, target.get(name), name, args)
        try:
            return call_method(target, name, args)
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def apply(self, node: t.Call, function: Any, name: str, args: list[Any]) -> Any:
        if function is None:
            raise LanguageError(f"unknown function {name}", node.callee.start, node.callee.end)
        if not callable(function):
            raise LanguageError(f"{name} is not callable", node.callee.start, node.callee.end)
        return self.guarded(node, name, lambda: function(*args))

    def guarded(self, node: t.Node, name: str, work: Callable[[], Any]) -> Any:
        try:
            return self.spend(node, work())
        except LanguageError as error:
            raise LanguageError(error.message, node.start, node.end) from None
        except TypeError:
            raise LanguageError(f"{name}: wrong number or type of arguments", node.start, node.end) from None
        except (
            ValueError,
            OverflowError,
            ArithmeticError,
            LookupError,
            AttributeError,
            UnicodeError,
        ) as error:
            raise LanguageError(f"{name}: {error}", node.start, node.end) from None

    # Collections.

    def array(self, node: t.Array) -> list[Any]:
        values = [self.eval(one) for one in node.nodes]
        self.spend(node, values)
        return values

    def map_literal(self, node: t.MapLiteral) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_node, value_node in node.pairs:
            key = self.eval(key_node)
            if not isinstance(key, str):
                raise LanguageError(
                    f"a map key must be a string, not {type_name(key)}", key_node.start, key_node.end
                )
            # Of a key that stands twice, the first counts.
            made.setdefault(key, self.eval(value_node))
        self.spend(node, made)
        return made

    def let(self, node: t.Let) -> Any:
        before = dict(self.variables)
        self.variables[node.name] = self.eval(node.value)
        try:
            return self.eval(node.body)
        finally:
            self.variables = before

    def sequence(self, node: t.Sequence) -> Any:
        value = None
        for one in node.nodes:
            value = self.eval(one)
        return value

    def builtin(self, node: t.Builtin) -> Any:
        closure = _CLOSURES.get(node.name)
        if closure is not None and (len(node.args) > 1 or node.name not in FUNCTIONS):
            return closure(self, node)
        if node.name == "sum" and (total := _arithmetic_series(node.args[0])) is not None:
            return total
        args = (
            [self.subject(node)] if node.name in ("sum", "count") else [self.eval(arg) for arg in node.args]
        )
        return self.guarded(node, node.name, lambda: call_function(node.name, args, self.hooks))

    # Closures.

    def subject(self, node: t.Builtin) -> Any:
        """What a closure runs over: a list; also the bytes of a string, of which only the run learns what it is."""
        value = self.eval(node.args[0])
        if isinstance(value, (list, tuple, range)):
            return value
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape")
        if isinstance(value, bytes):
            return list(value)
        if isinstance(value, dict):
            return [_NO_ITEM] * len(value)
        name = node.name.rstrip("!").removesuffix(".map")
        raise LanguageError(
            f"{name} takes an array, not {type_name(value)}", node.args[0].start, node.args[0].end
        )

    def each(self, node: t.Builtin, items: Any, reverse: bool = False) -> Iterator[tuple[int, Any]]:
        """(index, element) one after the other, with the scope of the closure set to it."""
        self.scopes.append(self.scope)
        try:
            order = range(len(items) - 1, -1, -1) if reverse else range(len(items))
            for index in order:
                self.scope = (items[index], index, None)
                yield index, items[index]
        finally:
            self.scope = self.scopes.pop()

    def body(self, node: t.Builtin) -> t.Node:
        predicate = node.args[1]
        assert isinstance(predicate, t.Predicate)
        return predicate.body

    def passing(self, node: t.Builtin, reverse: bool = False) -> Iterator[tuple[int, Any]]:
        """(index, element) of those for which the closure is true; with `.map`, element is what its second part gives."""
        body = self.body(node)
        mapped: t.Node | None = None
        if ".map" in node.name:
            assert isinstance(body, t.Array)
            body, mapped = body.nodes
        for index, element in self.each(node, self.subject(node), reverse):
            if self.truth(body, f"predicate of {node.name.rstrip('!').removesuffix('.map')}"):
                if mapped is not None:
                    element = self.eval(mapped)
                yield index, element

    def quantifier(self, node: t.Builtin) -> bool:
        body = self.body(node)
        stream = self.each(node, self.subject(node))
        wanted = node.name != "all"
        found = 0
        for _ in stream:
            if self.truth(body, f"predicate of {node.name}") is wanted:
                found += 1
                if node.name != "one":
                    break
        stream.close()  # type: ignore[attr-defined]
        if node.name == "one":
            return found == 1
        return bool(found) if node.name == "any" else not found

    def filter(self, node: t.Builtin) -> Any:
        return self.spend(node, [self.item(node, element) for _, element in self.passing(node)])

    def map(self, node: t.Builtin) -> Any:
        body = self.body(node)
        return self.spend(node, [self.eval(body) for _ in self.each(node, self.subject(node))])

    def count(self, node: t.Builtin) -> int:
        return sum(1 for _ in self.passing(node))

    def sum(self, node: t.Builtin) -> Any:
        body = self.body(node)
        total: Any = 0
        for _ in self.each(node, self.subject(node)):
            try:
                total = BINARY["+"](self.eval(body), total)
            except ValueError as error:
                raise LanguageError(str(error), node.start, node.end) from None
        return total

    def find(self, node: t.Builtin) -> Any:
        stream = self.passing(node, reverse=node.name.startswith("findLast"))
        found = next(stream, None)
        stream.close()  # type: ignore[attr-defined]
        if found is None:
            if node.name.endswith("!") or "!." in node.name:
                raise LanguageError("index out of range: nothing passes the filter", node.start, node.end)
            return None
        return found[0] if node.name.endswith("Index") else self.item(node, found[1])

    def group_by(self, node: t.Builtin) -> dict[Any, Any]:
        body = self.body(node)
        groups: dict[Any, Any] = Groups()
        for _, element in self.each(node, self.subject(node)):
            key = self.eval(body)
            if isinstance(key, (list, dict)):
                raise LanguageError(f"cannot group by {type_name(key)}", node.start, node.end)
            groups.setdefault(key, []).append(self.item(node, element))
        self.spend(node, groups)
        return groups

    def sort_by(self, node: t.Builtin) -> list[Any]:
        from argolint.language.expr.functions import sort_values

        items = self.subject(node)
        order = self.eval(node.args[2]) if len(node.args) > 2 else "asc"
        body = self.body(node)
        keys = [self.eval(body) for _ in self.each(node, items)]
        indices = self.guarded(node, "sortBy", lambda: sort_values(list(range(len(items))), keys, order))
        return [self.item(node, items[index]) for index in indices]

    def reduce(self, node: t.Builtin) -> Any:
        items = self.subject(node)
        body = self.body(node)
        start = 0
        if len(node.args) > 2:
            value = self.eval(node.args[2])
        elif items:
            value, start = self.item(node, items[0]), 1
        else:
            raise LanguageError("reduce of empty array with no initial value", node.start, node.end)
        self.scopes.append(self.scope)
        try:
            for index in range(start, len(items)):
                self.scope = (items[index], index, value)
                value = self.eval(body)
        finally:
            self.scope = self.scopes.pop()
        return value


def _arithmetic_series(node: t.Node) -> int | None:
    """The sum of `m..n` with constant ends, which is not made a list."""
    if not (isinstance(node, t.Binary) and node.op == ".."):
        return None
    if not (isinstance(node.left, t.Literal) and isinstance(node.right, t.Literal)):
        return None
    low, high = node.left.value, node.right.value
    return wrap((high - low + 1) * (low + high) // 2) if high >= low else None


_TABLE: dict[type, Callable[[_Machine, Any], Any]] = {
    t.Literal: _Machine.literal,
    t.Ident: _Machine.ident,
    t.Pointer: _Machine.pointer,
    t.Unary: _Machine.unary,
    t.Binary: _Machine.binary,
    t.Chain: _Machine.chain,
    t.Member: _Machine.member,
    t.Slice: _Machine.slice,
    t.Call: _Machine.call,
    t.Builtin: _Machine.builtin,
    t.Conditional: _Machine.conditional,
    t.Let: _Machine.let,
    t.Sequence: _Machine.sequence,
    t.Array: _Machine.array,
    t.MapLiteral: _Machine.map_literal,
}

_CLOSURES: dict[str, Callable[[_Machine, t.Builtin], Any]] = {
    "all": _Machine.quantifier,
    "any": _Machine.quantifier,
    "none": _Machine.quantifier,
    "one": _Machine.quantifier,
    "filter": _Machine.filter,
    "map": _Machine.map,
    "count": _Machine.count,
    "sum": _Machine.sum,
    "find": _Machine.find,
    "findIndex": _Machine.find,
    "findLast": _Machine.find,
    "findLastIndex": _Machine.find,
    **dict.fromkeys(
        ("find!", "findLast!", "find.map", "findLast.map", "find!.map", "findLast!.map"), _Machine.find
    ),
    "filter.map": _Machine.filter,
    "groupBy": _Machine.group_by,
    "sortBy": _Machine.sort_by,
    "reduce": _Machine.reduce,
}
