"""Evaluates an expression: a tree walk with budgets.

Source of behaviour: expr-lang v1.17 (language definition, runtime). Differences by intention: a budget in steps and in
made elements instead of one in memory, and maps that keep their order where Go's order is random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from argolint.language.errors import LanguageError
from argolint.language.expr import ast as t
from argolint.language.expr.functions import FUNCTIONS, call_function
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.language.expr.methods import call_method
from argolint.language.expr.operators import BINARY, cut, fetch
from argolint.language.expr.parser import parse
from argolint.language.values import is_number, sprint, type_name, wrap

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
    of the part that failed.
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
        return finished(machine.eval(ast.root))
    except RecursionError:
        raise LanguageError("expression is nested too deeply", 0, len(ast.source)) from None


def finished(value: Any) -> Any:
    """A range as the list that it stands for."""
    return list(value) if isinstance(value, range) else value


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
            return dict(self.env)
        raise LanguageError(f"unknown name {name}", node.start, node.end)

    def pointer(self, node: t.Pointer) -> Any:
        if not self.scopes:
            raise LanguageError(f"cannot use pointer #{node.name} outside a predicate", node.start, node.end)
        element, index, accumulated = self.scope
        if node.name == "index":
            return index
        return accumulated if node.name == "acc" else element

    # Operators.

    def unary(self, node: t.Unary) -> Any:
        value = self.eval(node.operand)
        if node.op == "not":
            if not isinstance(value, bool):
                raise LanguageError(f"invalid operation: ! {type_name(value)}", node.start, node.end)
            return not value
        if not is_number(value):
            raise LanguageError(f"invalid operation: {node.op} {type_name(value)}", node.start, node.end)
        if node.op == "+":
            return value
        return wrap(-value) if type(value) is int else -value

    def binary(self, node: t.Binary) -> Any:
        if node.op in ("and", "or", "??"):
            return self.lazy(node)
        spine: list[t.Binary] = []
        left: t.Node = node
        while isinstance(left, t.Binary) and left.op not in ("and", "or", "??"):
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

    def lazy(self, node: t.Binary) -> Any:
        if node.op == "??":
            left = self.eval(node.left)
            return self.eval(node.right) if left is None else left
        spine: list[t.Binary] = []
        first: t.Node = node
        while isinstance(first, t.Binary) and first.op == node.op:
            spine.append(first)
            first = first.left
        stop = node.op == "or"
        value = self.truth(first, node.op)
        for one in reversed(spine):
            if value is stop:
                return value
            value = self.truth(one.right, node.op)
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
            return self.eval(node.node)
        except _Nothing:
            return None

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
        low = self.eval(node.low) if node.low else None
        high = self.eval(node.high) if node.high else None
        try:
            return self.spend(node, cut(container, low, high))
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def call(self, node: t.Call) -> Any:
        callee = node.callee
        if isinstance(callee, t.Member) and callee.dotted and isinstance(callee.prop, t.Literal):
            return self.method(node, callee, callee.prop.value)
        function = self.eval(callee)
        return self.apply(node, function, sprint(callee.name) if isinstance(callee, t.Ident) else "value")

    def method(self, node: t.Call, callee: t.Member, name: str) -> Any:
        target = self.eval(callee.node)
        if target is None and callee.optional:
            raise _Nothing
        if isinstance(target, Mapping):
            return self.apply(node, target.get(name), name)
        args = [self.eval(arg) for arg in node.args]
        try:
            return call_method(target, name, args)
        except ValueError as error:
            raise LanguageError(str(error), node.start, node.end) from None

    def apply(self, node: t.Call, function: Any, name: str) -> Any:
        if function is None:
            raise LanguageError(f"unknown function {name}", node.callee.start, node.callee.end)
        if not callable(function):
            raise LanguageError(f"{name} is not callable", node.callee.start, node.callee.end)
        args = [self.eval(arg) for arg in node.args]
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
            made[key] = self.eval(value_node)
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
        args = [self.eval(arg) for arg in node.args]
        return self.guarded(node, node.name, lambda: call_function(node.name, args, self.hooks))

    # Closures.

    def subject(self, node: t.Builtin) -> list[Any]:
        value = self.eval(node.args[0])
        if not isinstance(value, (list, tuple)):
            raise LanguageError(
                f"{node.name} takes an array, not {type_name(value)}", node.args[0].start, node.args[0].end
            )
        return list(value)

    def each(self, node: t.Builtin, items: list[Any], reverse: bool = False) -> Any:
        """Yields (index, element, value of the closure)."""
        body = node.args[1]
        assert isinstance(body, t.Predicate)
        self.scopes.append(self.scope)
        try:
            order = range(len(items) - 1, -1, -1) if reverse else range(len(items))
            for index in order:
                self.scope = (items[index], index, None)
                yield index, items[index], self.eval(body.body)
        finally:
            self.scope = self.scopes.pop()

    def tests(self, node: t.Builtin, items: list[Any], reverse: bool = False) -> Any:
        for index, element, value in self.each(node, items, reverse):
            if not isinstance(value, bool):
                body = node.args[1]
                raise LanguageError(
                    f"predicate of {node.name} should return a bool, not {type_name(value)}",
                    body.start,
                    body.end,
                )
            yield index, element, value

    def quantifier(self, node: t.Builtin) -> bool:
        stream = self.tests(node, self.subject(node))
        if node.name == "one":
            return sum(1 for _, _, value in stream if value) == 1
        wanted = node.name != "all"
        found = False
        for _, _, value in stream:
            if value is wanted:
                found = True
                break
        stream.close()
        return bool(found) if node.name == "any" else not found

    def filter(self, node: t.Builtin) -> Any:
        kept = [element for _, element, value in self.tests(node, self.subject(node)) if value]
        return self.spend(node, kept)

    def map(self, node: t.Builtin) -> Any:
        return self.spend(node, [value for _, _, value in self.each(node, self.subject(node))])

    def count(self, node: t.Builtin) -> int:
        return sum(value for _, _, value in self.tests(node, self.subject(node)))

    def sum(self, node: t.Builtin) -> Any:
        total: Any = 0
        for _, _, value in self.each(node, self.subject(node)):
            try:
                total = BINARY["+"](total, value)
            except ValueError as error:
                raise LanguageError(str(error), node.start, node.end) from None
        return total

    def find(self, node: t.Builtin) -> Any:
        stream = self.tests(node, self.subject(node), reverse="Last" in node.name)
        by_index = node.name.endswith("Index")
        result = -1 if by_index else None
        for index, element, value in stream:
            if value:
                result = index if by_index else element
                break
        stream.close()
        return result

    def group_by(self, node: t.Builtin) -> dict[Any, Any]:
        groups: dict[Any, Any] = {}
        for _, element, key in self.each(node, self.subject(node)):
            if isinstance(key, (list, dict)):
                raise LanguageError(f"cannot group by {type_name(key)}", node.start, node.end)
            groups.setdefault(key, []).append(element)
        self.spend(node, groups)
        return groups

    def sort_by(self, node: t.Builtin) -> list[Any]:
        from argolint.language.expr.functions import sort_values

        items = self.subject(node)
        keys = [value for _, _, value in self.each(node, items)]
        order = self.eval(node.args[2]) if len(node.args) > 2 else "asc"
        indices = self.guarded(node, "sortBy", lambda: sort_values(list(range(len(items))), keys, order))
        return [items[index] for index in indices]

    def reduce(self, node: t.Builtin) -> Any:
        items = self.subject(node)
        body = node.args[1]
        assert isinstance(body, t.Predicate)
        start = 0
        if len(node.args) > 2:
            value = self.eval(node.args[2])
        elif items:
            value, start = items[0], 1
        else:
            raise LanguageError("reduce of empty array with no initial value", node.start, node.end)
        self.scopes.append(self.scope)
        try:
            for index in range(start, len(items)):
                self.scope = (items[index], index, value)
                value = self.eval(body.body)
        finally:
            self.scope = self.scopes.pop()
        return value


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
    "groupBy": _Machine.group_by,
    "sortBy": _Machine.sort_by,
    "reduce": _Machine.reduce,
}
