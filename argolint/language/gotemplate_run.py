"""Evaluates parsed Go templates over plain data, within budgets. `gotemplate.render` is the way in."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Callable
from typing import Any

from argolint.language.errors import LanguageError
from argolint.language.expr.hooks import Hooks
from argolint.language.gofmt import printf
from argolint.language.gotemplate import MAX_DEPTH, Node, Template
from argolint.language.values import equal, is_number, sort_keys, sprint, type_name

MAX_STEPS = 200_000
MAX_OUTPUT = 10_000_000


class _Break(Exception):
    """{{break}}."""


class _Continue(Exception):
    """{{continue}}."""


Variables = list[tuple[str, Any]]


def run(template: Template, data: Any, hooks: Hooks) -> str:
    """The text that a parsed template makes of `data`. Raises LanguageError."""
    machine = _Machine(template, hooks)
    try:
        machine.run(template.body, data, [("$", data)])
    except RecursionError:
        raise LanguageError("template is nested too deeply", 0, len(template.source)) from None
    return "".join(machine.out)


class _Machine:
    __slots__ = ("calls", "functions", "out", "size", "steps", "template")

    def __init__(self, template: Template, hooks: Hooks) -> None:
        self.template = template
        self.out: list[str] = []
        self.size = 0
        self.steps = MAX_STEPS
        self.calls = 0
        self.functions = hooks

    def emit(self, text: str, node: Node) -> None:
        self.size += len(text)
        if self.size > MAX_OUTPUT:
            raise LanguageError("the result is too long", node.start, node.end)
        self.out.append(text)

    def run(self, nodes: tuple[Node, ...], dot: Any, variables: Variables) -> None:
        mark = len(variables)
        for node in nodes:
            self.steps -= 1
            if self.steps < 0:
                raise LanguageError("evaluation takes too many steps", node.start, node.end)
            self.one(node, dot, variables)
        del variables[mark:]

    def one(self, node: Node, dot: Any, variables: Variables) -> None:
        if node.kind == "text":
            self.emit(node.value, node)
        elif node.kind == "action":
            value = self.pipe(node.children[0], dot, variables)
            if not node.children[0].value[1]:
                self.emit("<no value>" if value is None else sprint(value), node)
        elif node.kind in ("if", "with"):
            mark = len(variables)
            value = self.pipe(node.children[0], dot, variables)
            if truth(value):
                self.run(node.children[1], value if node.kind == "with" else dot, variables)
            else:
                self.run(node.children[2], dot, variables)
            del variables[mark:]
        elif node.kind == "range":
            self.range(node, dot, variables)
        elif node.kind == "template":
            self.include(node, dot, variables)
        elif node.kind == "break":
            raise _Break
        elif node.kind == "continue":
            raise _Continue

    def include(self, node: Node, dot: Any, variables: Variables) -> None:
        body = self.template.defined.get(node.value)
        if body is None:
            raise LanguageError(f"template {node.value!r} not defined", node.start, node.end)
        argument = self.pipe(node.children[0], dot, variables) if node.children[0] is not None else None
        self.calls += 1
        if self.calls > MAX_DEPTH:
            raise LanguageError("templates call each other too deeply", node.start, node.end)
        self.run(body, argument, [("$", argument)])
        self.calls -= 1

    def range(self, node: Node, dot: Any, variables: Variables) -> None:
        pipe, body, otherwise = node.children
        names = pipe.value[0]
        value = self.pipe(pipe._replace(value=((), "")), dot, variables)
        if isinstance(value, dict):
            pairs = [(key, value[key]) for key in sort_keys(value)]
        elif isinstance(value, (list, tuple)):
            pairs = list(enumerate(value))
        elif type(value) is int:
            pairs = [(index, index) for index in range(min(max(value, 0), MAX_STEPS + 1))]
        elif value is None:
            pairs = []
        else:
            raise LanguageError(f"range can't iterate over {sprint(value)[:60]}", node.start, node.end)
        if not pairs:
            self.run(otherwise, dot, variables)
            return
        declares = pipe.value[1] == ":="
        mark = len(variables)
        for key, element in pairs:
            given = (element,) if len(names) == 1 else (key, element)
            for name, one in zip(names, given):
                _declare(variables, name, one) if declares else _assign(variables, name, one)
            try:
                self.run(body, element, variables)
            except _Continue:
                continue
            except _Break:
                break
            finally:
                del variables[mark:]

    # Pipelines.

    def pipe(self, node: Node, dot: Any, variables: Variables) -> Any:
        self.steps -= 1
        if self.steps < 0:
            raise LanguageError("evaluation takes too many steps", node.start, node.end)
        value: Any = None
        for index, command in enumerate(node.children):
            value = self.command(command, dot, variables, (value,) if index else ())
        names, assign = node.value
        if assign and names:
            (_declare if assign == ":=" else _assign)(variables, names[0], value)
        return value

    def command(self, node: Node, dot: Any, variables: Variables, last: tuple[Any, ...]) -> Any:
        head, *rest = node.children
        if head.kind == "function":
            return self.call(head, rest, dot, variables, last)
        value = self.operand(head, dot, variables)
        if rest or last:
            raise LanguageError(
                f"can't give argument to non-function {self.template.source[head.start : head.end]}",
                head.start,
                head.end,
            )
        return value

    def operand(self, node: Node, dot: Any, variables: Variables) -> Any:
        kind = node.kind
        if kind == "literal":
            return node.value
        if kind == "nil":
            return None
        if kind == "dot":
            return dot
        if kind == "variable":
            return next((value for name, value in reversed(variables) if name == node.value), None)
        if kind == "field":
            return self.fields(dot, node.value, node)
        if kind == "chain":
            return self.fields(self.operand(node.children[0], dot, variables), node.value, node)
        if kind == "pipe":
            return self.pipe(node, dot, variables)
        return self.call(node, [], dot, variables, ())

    def fields(self, value: Any, names: tuple[str, ...], node: Node) -> Any:
        for name in names:
            if isinstance(value, dict):
                if name not in value:
                    # What is missing has no members either; only a nil that is there fails.
                    return None
                value = value[name]
            elif value is None:
                raise LanguageError(f"nil pointer evaluating interface {{}}.{name}", node.start, node.end)
            else:
                raise LanguageError(
                    f"can't evaluate field {name} in type {type_name(value)}", node.start, node.end
                )
        return value

    def call(
        self, head: Node, rest: list[Node], dot: Any, variables: Variables, last: tuple[Any, ...]
    ) -> Any:
        name = head.value
        if name in ("and", "or"):
            value: Any = None
            if not rest and not last:
                message = f"wrong number of args for {name}: want at least 1 got 0"
                raise LanguageError(message, head.start, head.end)
            for one in rest:
                value = self.operand(one, dot, variables)
                if truth(value) is (name == "or"):
                    return value
            return last[0] if last else value
        args = [*(self.operand(one, dot, variables) for one in rest), *last]
        function = _FUNCTIONS.get(name)
        if function is None:
            from argolint.language.sprig import functions

            function = functions(self.functions)[name]
        try:
            return function(*args)
        except TypeError:
            raise LanguageError(f"wrong number or type of args for {name}", head.start, head.end) from None
        except LanguageError as error:
            raise LanguageError(f"error calling {name}: {error.message}", head.start, head.end) from None
        except (ValueError, ArithmeticError, LookupError, AttributeError, OverflowError) as error:
            raise LanguageError(f"error calling {name}: {error}", head.start, head.end) from None


def _declare(variables: Variables, name: str, value: Any) -> None:
    variables.append((name, value))


def _assign(variables: Variables, name: str, value: Any) -> None:
    for index in range(len(variables) - 1, -1, -1):
        if variables[index][0] == name:
            variables[index] = (name, value)
            return


def truth(value: Any) -> bool:
    """Whether a value counts as true: not nil, false, zero or empty."""
    from argolint.language.sprig.common import is_empty

    return not is_empty(value)


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    for other in others:
        if first is not None and other is not None and type(first) is not type(other):
            raise ValueError("incompatible types for comparison")
    return any(equal(first, other) for other in others)


def _order(left: Any, right: Any) -> tuple[Any, Any]:
    # A number of the data is a float64, and `1` in the template an int: Go does not compare them.
    if left.__class__ is right.__class__ and (is_number(left) or isinstance(left, str)):
        return left, right
    raise ValueError("incompatible types for comparison")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key) if not isinstance(key, (list, dict)) else None
        elif isinstance(value, (list, tuple, str)):
            if type(key) is not int:
                raise ValueError(f"cannot index slice/array with type {type_name(key)}")
            if not 0 <= key < len(value):
                raise ValueError(f"index out of range: {key}")
            value = ord(value[key]) if isinstance(value, str) else value[key]
        else:
            raise ValueError(f"can't index item of type {type_name(value)}")
    return value


def _len(value: Any) -> int:
    if isinstance(value, (str, list, tuple, dict)):
        return len(value.encode()) if isinstance(value, str) else len(value)
    raise ValueError(f"len of type {type_name(value)}")


def _print(*values: Any) -> str:
    parts: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append(sprint(value))
    return "".join(parts)


def _escaped_js(text: str) -> str:
    return "".join(_JS.get(char) or char for char in text)


_JS = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
    **{chr(code): f"\\u{code:04X}" for code in range(32)},
}  # fmt: skip


def _no_call(*args: Any) -> Any:
    raise ValueError("there is nothing to call in plain data")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not truth(value),
    "len": _len,
    "index": _index,
    "print": _print,
    "printf": lambda layout, *args: printf(layout, list(args)),
    "println": lambda *values: " ".join(map(sprint, values)) + "\n",
    "html": lambda *values: (
        html.escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    ),
    "js": lambda *values: _escaped_js(_print(*values)),
    "urlquery": lambda *values: urllib.parse.quote_plus(_print(*values)),
    "call": _no_call,
    "eq": _eq,
    "ne": lambda a, b: not _eq(a, b),
    "lt": lambda a, b: _order(a, b)[0] < b,
    "le": lambda a, b: _order(a, b)[0] <= b,
    "gt": lambda a, b: _order(a, b)[0] > b,
    "ge": lambda a, b: _order(a, b)[0] >= b,
}
