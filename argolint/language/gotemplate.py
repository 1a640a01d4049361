"""Go's text/template with sprig, as Argo Events uses it (`dataTemplate`, `contextTemplate`).

Source of behaviour: the documentation of text/template. `parse` checks the syntax and the names of functions, `render` evaluates
over plain data (dicts, lists, scalars). Budgets bound loops and output.
"""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.language.gofmt import printf
from argolint.language.values import equal, is_number, sort_keys, sprint, type_name

MAX_DEPTH = 60
MAX_STEPS = 200_000
MAX_OUTPUT = 10_000_000

_COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
BUILTIN_FUNCTIONS = frozenset(
    (
        "and",
        "or",
        "not",
        "len",
        "index",
        "slice",
        "print",
        "printf",
        "println",
        "html",
        "js",
        "urlquery",
        "call",
        *_COMPARISONS,
    )
)
_KEYWORDS = ("if", "else", "end", "range", "with", "define", "template", "block", "break", "continue")
_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`)|(?P<char>'(?:\\.|[^'\\])+')
    |(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bBoO][0-7_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))(?![\w.])
    |(?P<field>(?:\.[A-Za-z_]\w*)+)|(?P<variable>\$\w*)|(?P<word>[A-Za-z_]\w*)|(?P<symbol>:=|[=|(),.])""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """One token inside an action."""

    kind: str
    text: str
    start: int
    end: int


class Node(NamedTuple):
    """`kind`: text, action, if, range, with, template, define, pipe, command, and the operands of a command."""

    kind: str
    value: Any
    children: tuple[Any, ...]
    start: int
    end: int


class Template(NamedTuple):
    """A parsed template: its body and the templates that it defines."""

    source: str
    body: tuple[Node, ...]
    defined: Mapping[str, tuple[Node, ...]]


def known_functions() -> frozenset[str]:
    """The names of all functions that templates may call."""
    from argolint.language.scope import function_table

    return BUILTIN_FUNCTIONS | frozenset(function_table()["sprig"])


@lru_cache(maxsize=512)
def parse(source: str) -> Template:
    """The tree of a template. Raises LanguageError with the place of the first mistake. Memoised by text."""
    parser = _Parser(source)
    body, closing = parser.block()
    if closing is not None:
        raise LanguageError(f"unexpected {{{{{closing.text}}}}}", closing.start, closing.end)
    return Template(source, body, parser.defined)


class _Parser:
    __slots__ = ("at", "defined", "depth", "functions", "index", "loops", "source", "tokens", "variables")

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0
        self.loops = 0
        self.tokens: list[Token] = []
        self.index = 0
        self.defined: dict[str, tuple[Node, ...]] = {}
        self.variables: list[str] = ["$"]
        self.functions = known_functions()

    # Text and actions.

    def block(self) -> tuple[tuple[Node, ...], Token | None]:
        """Nodes up to an else, an end or the end of the source, and the keyword that stopped it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LanguageError("template is nested too deeply", self.at, self.at + 2)
        nodes: list[Node] = []
        scope = len(self.variables)
        try:
            while self.action(nodes):
                first = self.tokens[0] if self.tokens else None
                if first is None:
                    continue
                if first.kind == "word" and first.text in ("else", "end"):
                    return tuple(nodes), first
                self.index = 0
                node = self.statement(first)
                if node is not None:
                    nodes.append(node)
            return tuple(nodes), None
        finally:
            self.depth -= 1
            del self.variables[scope:]

    def action(self, nodes: list[Node]) -> bool:
        """Reads text and the next action into `tokens`; false at the end of the source."""
        opening = self.source.find("{{", self.at)
        if opening < 0:
            self.text(nodes, self.at, len(self.source))
            self.at = len(self.source)
            return False
        inner = opening + 2
        trims_left = bool(re.match(r"-\s", self.source[inner : inner + 2]))
        end_text = opening
        if trims_left:
            end_text = len(self.source[:opening].rstrip())
            inner += 1
        self.text(nodes, self.at, end_text)
        self.tokens, close = self.tokenize(inner, opening)
        self.at = close
        return True

    def text(self, nodes: list[Node], start: int, end: int) -> None:
        if end > start:
            nodes.append(Node("text", self.source[start:end], (), start, end))

    def tokenize(self, at: int, opening: int) -> tuple[list[Token], int]:
        tokens: list[Token] = []
        source = self.source
        while True:
            closing = re.compile(r"\s+-\}\}\s*|\}\}").match(source, at)
            if closing:
                tokens.append(Token("end", "", at, at))
                return ([] if len(tokens) == 1 and "/*" in source[opening:at] else tokens), closing.end()
            match = _TOKEN.match(source, at)
            if match is None:
                if at >= len(source):
                    raise LanguageError("unclosed action", opening, opening + 2)
                what = (
                    "unterminated quoted string"
                    if source[at] in "\"'`"
                    else f"unexpected {source[at]!r} in an action"
                )
                raise LanguageError(what, at, at + 1)
            kind = match.lastgroup or ""
            if kind not in ("space", "comment"):
                tokens.append(Token(kind, match.group(), at, match.end()))
            at = match.end()

    # Statements.

    def peek(self) -> Token:
        return self.tokens[self.index]

    def next(self) -> Token:
        token = self.tokens[self.index]
        if token.kind != "end":
            self.index += 1
        return token

    def finish(self) -> None:
        token = self.peek()
        if token.kind != "end":
            raise LanguageError(f"unexpected {token.text!r} in an action", token.start, token.end)

    def statement(self, first: Token) -> Node | None:
        if first.kind == "end":
            raise LanguageError("missing value for command", first.start, first.end)
        if first.kind != "word" or first.text not in _KEYWORDS:
            pipe = self.pipeline(True)
            self.finish()
            return Node("action", None, (pipe,), pipe.start, pipe.end)
        self.next()
        keyword = first.text
        if keyword in ("if", "with", "range"):
            return self.control(keyword, first)
        if keyword in ("break", "continue"):
            self.finish()
            if not self.loops:
                raise LanguageError(f"{{{{{keyword}}}}} outside {{{{range}}}}", first.start, first.end)
            return Node(keyword, None, (), first.start, first.end)
        name = self.next()
        if name.kind != "string":
            raise LanguageError(f"{keyword} needs the name of a template in quotes", name.start, name.end)
        return self.named(keyword, first, _unquoted(name))

    def named(self, keyword: str, first: Token, name: str) -> Node | None:
        if keyword == "define":
            self.finish()
            before, self.variables = self.variables, ["$"]
            self.defined[name] = self.closed(first)
            self.variables = before
            return None
        argument = self.pipeline(False) if self.peek().kind != "end" else None
        self.finish()
        if keyword == "block":
            self.defined[name] = self.closed(first)
        return Node("template", name, (argument,), first.start, first.end)

    def closed(self, first: Token) -> tuple[Node, ...]:
        body, closing = self.block()
        if closing is None or closing.text != "end":
            raise LanguageError(f"{{{{{first.text}}}}} is not closed by {{{{end}}}}", first.start, first.end)
        return body

    def control(self, keyword: str, first: Token) -> Node:
        scope = len(self.variables)
        pipe = self.pipeline(True, ranged=keyword == "range")
        self.finish()
        self.loops += keyword == "range"
        body, closing = self.block()
        self.loops -= keyword == "range"
        otherwise: tuple[Node, ...] = ()
        if closing is not None and closing.text == "else":
            self.index = 1
            following = self.peek()
            if following.kind == "word" and following.text in ("if", "with") and keyword != "range":
                self.next()
                self.depth += 1
                if self.depth > MAX_DEPTH:
                    raise LanguageError("template is nested too deeply", first.start, first.end)
                otherwise = (self.control(following.text, following),)
                self.depth -= 1
                del self.variables[scope:]
                return Node(keyword, None, (pipe, body, otherwise), first.start, first.end)
            self.finish()
            otherwise, closing = self.block()
        if closing is None or closing.text != "end":
            raise LanguageError(f"{{{{{keyword}}}}} is not closed by {{{{end}}}}", first.start, first.end)
        del self.variables[scope:]
        return Node(keyword, None, (pipe, body, otherwise), first.start, first.end)

    # Pipelines.

    def pipeline(self, declares: bool, ranged: bool = False) -> Node:
        start = self.peek().start
        names, assign = self.declaration(ranged) if declares else ([], "")
        commands = [self.command()]
        while self.peek().text == "|" and self.peek().kind == "symbol":
            self.next()
            commands.append(self.command())
        for command in commands[1:]:
            head = command.children[0]
            if head.kind in ("literal", "dot", "nil"):
                raise LanguageError("non executable command in a pipeline", command.start, command.end)
        if assign == ":=":
            self.variables.extend(names)
        return Node("pipe", (tuple(names), assign), tuple(commands), start, commands[-1].end)

    def declaration(self, ranged: bool) -> tuple[list[str], str]:
        saved = self.index
        names: list[str] = []
        while self.peek().kind == "variable" and len(names) < (2 if ranged else 1):
            names.append(self.next().text)
            if ranged and self.peek().text == ",":
                self.next()
                continue
            break
        sign = self.peek()
        if names and sign.text in (":=", "="):
            self.next()
            if sign.text == "=" and names[0] not in self.variables:
                raise LanguageError(f"undefined variable {names[0]!r}", sign.start, sign.end)
            return names, sign.text
        self.index = saved
        return [], ""

    def command(self) -> Node:
        operands: list[Node] = []
        while True:
            token = self.peek()
            if token.kind == "end" or (token.kind == "symbol" and token.text in ("|", ")")):
                break
            operands.append(self.operand())
        if not operands:
            token = self.peek()
            raise LanguageError("missing value for command", token.start, max(token.end, token.start + 1))
        if len(operands) > 1 and operands[0].kind in ("literal", "nil", "dot"):
            raise LanguageError(
                "this is no function: it cannot be given arguments", operands[0].start, operands[0].end
            )
        return Node("command", None, tuple(operands), operands[0].start, operands[-1].end)

    def operand(self) -> Node:
        token = self.next()
        node = self.term(token)
        following = self.peek()
        if following.kind == "field" and following.start == node.end:
            self.next()
            if node.kind in ("literal", "nil"):
                raise LanguageError(f"unexpected . after {token.text!r}", following.start, following.end)
            node = Node("chain", tuple(following.text[1:].split(".")), (node,), node.start, following.end)
        return node

    def term(self, token: Token) -> Node:
        start, end = token.start, token.end
        if token.kind == "field":
            return Node("field", tuple(token.text[1:].split(".")), (), start, end)
        if token.kind == "variable":
            if token.text not in self.variables:
                raise LanguageError(f"undefined variable {token.text!r}", start, end)
            return Node("variable", token.text, (), start, end)
        if token.kind == "string":
            return Node("literal", _unquoted(token), (), start, end)
        if token.kind == "char":
            return Node("literal", ord(_unquoted(token)[:1] or "\0"), (), start, end)
        if token.kind == "number":
            return Node("literal", _number(token), (), start, end)
        if token.kind == "word":
            return self.word(token)
        if token.text == ".":
            return Node("dot", None, (), start, end)
        if token.text == "(":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise LanguageError("template is nested too deeply", start, end)
            pipe = self.pipeline(False)
            closing = self.next()
            if closing.text != ")":
                raise LanguageError("unclosed left parenthesis", start, end)
            self.depth -= 1
            return pipe._replace(start=start, end=closing.end)
        raise LanguageError(f"unexpected {token.text!r} in an action", start, max(end, start + 1))

    def word(self, token: Token) -> Node:
        constants = {"true": True, "false": False}
        if token.text in constants:
            return Node("literal", constants[token.text], (), token.start, token.end)
        if token.text == "nil":
            return Node("nil", None, (), token.start, token.end)
        if token.text not in self.functions:
            from argolint.language.suggest import nearest

            near = nearest(token.text, self.functions)
            hint = f"; did you mean {near}?" if near else f"; a field is written .{token.text}"
            raise LanguageError(f"function {token.text!r} not defined{hint}", token.start, token.end)
        return Node("function", token.text, (), token.start, token.end)


def _unquoted(token: Token) -> str:
    text = token.text
    if text[0] == "`":
        return text[1:-1]
    from argolint.language.expr.lexer import unescape

    return unescape(text[1:-1], token.start + 1)


def _number(token: Token) -> int | float:
    text = token.text.replace("_", "")
    try:
        if text.lstrip("+-")[:2].lower() in ("0x", "0b", "0o"):
            return int(text, 0)
        return float(text) if any(char in ".eE" for char in text) else int(text[:40])
    except ValueError:
        raise LanguageError(f"bad number {token.text!r}", token.start, token.end) from None


# Evaluation.


class _Break(Exception):
    """{{break}}."""


class _Continue(Exception):
    """{{continue}}."""


def render(source: str | Template, data: Any, *, hooks: Hooks = SYSTEM) -> str:
    """The text that a template makes of `data` (its dot). Raises LanguageError for mistakes and failing functions."""
    template = parse(source) if isinstance(source, str) else source
    machine = _Machine(template, hooks)
    try:
        machine.run(template.body, data, {"$": data})
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

    def run(self, nodes: tuple[Node, ...], dot: Any, variables: dict[str, Any]) -> None:
        for node in nodes:
            self.steps -= 1
            if self.steps < 0:
                raise LanguageError("evaluation takes too many steps", node.start, node.end)
            self.one(node, dot, variables)

    def one(self, node: Node, dot: Any, variables: dict[str, Any]) -> None:
        if node.kind == "text":
            self.emit(node.value, node)
        elif node.kind == "action":
            value = self.pipe(node.children[0], dot, variables)
            if not node.children[0].value[1]:
                self.emit("<no value>" if value is None else sprint(value), node)
        elif node.kind in ("if", "with"):
            inner = dict(variables)
            value = self.pipe(node.children[0], dot, inner)
            if truth(value):
                self.run(node.children[1], value if node.kind == "with" else dot, inner)
            else:
                self.run(node.children[2], dot, inner)
            _write_back(variables, inner, node.children[0])
        elif node.kind == "range":
            self.range(node, dot, variables)
        elif node.kind == "template":
            self.include(node, dot, variables)
        elif node.kind == "break":
            raise _Break
        elif node.kind == "continue":
            raise _Continue

    def include(self, node: Node, dot: Any, variables: dict[str, Any]) -> None:
        body = self.template.defined.get(node.value)
        if body is None:
            raise LanguageError(f"template {node.value!r} not defined", node.start, node.end)
        argument = self.pipe(node.children[0], dot, variables) if node.children[0] is not None else None
        self.calls += 1
        if self.calls > MAX_DEPTH:
            raise LanguageError("templates call each other too deeply", node.start, node.end)
        self.run(body, argument, {"$": argument})
        self.calls -= 1

    def range(self, node: Node, dot: Any, variables: dict[str, Any]) -> None:
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
            self.run(otherwise, dot, dict(variables))
            return
        for key, element in pairs:
            inner = dict(variables)
            if len(names) == 1:
                inner[names[0]] = element
            elif len(names) == 2:
                inner[names[0]], inner[names[1]] = key, element
            try:
                self.run(body, element, inner)
            except _Continue:
                pass
            except _Break:
                _write_back(variables, inner, pipe)
                break
            _write_back(variables, inner, pipe)

    # Pipelines.

    def pipe(self, node: Node, dot: Any, variables: dict[str, Any]) -> Any:
        self.steps -= 1
        if self.steps < 0:
            raise LanguageError("evaluation takes too many steps", node.start, node.end)
        value: Any = None
        for index, command in enumerate(node.children):
            value = self.command(command, dot, variables, (value,) if index else ())
        names, assign = node.value
        if assign and names:
            variables[names[0]] = value
        return value

    def command(self, node: Node, dot: Any, variables: dict[str, Any], last: tuple[Any, ...]) -> Any:
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

    def operand(self, node: Node, dot: Any, variables: dict[str, Any]) -> Any:
        kind = node.kind
        if kind == "literal":
            return node.value
        if kind == "nil":
            return None
        if kind == "dot":
            return dot
        if kind == "variable":
            return variables.get(node.value)
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
                value = value.get(name)
            elif value is None:
                raise LanguageError(f"nil pointer evaluating interface {{}}.{name}", node.start, node.end)
            else:
                raise LanguageError(
                    f"can't evaluate field {name} in type {type_name(value)}", node.start, node.end
                )
        return value

    def call(
        self, head: Node, rest: list[Node], dot: Any, variables: dict[str, Any], last: tuple[Any, ...]
    ) -> Any:
        name = head.value
        if name in ("and", "or"):
            value: Any = None
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


def _write_back(outer: dict[str, Any], inner: dict[str, Any], pipe: Node) -> None:
    declared = pipe.value[0] if pipe.value[1] == ":=" else ()
    for name in outer:
        if name not in declared and name in inner:
            outer[name] = inner[name]


def truth(value: Any) -> bool:
    """Whether a value counts as true: not nil, false, zero or empty."""
    from argolint.language.sprig.common import is_empty

    return not is_empty(value)


def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    for other in others:
        if (
            first is not None
            and other is not None
            and type(first) is not type(other)
            and not (is_number(first) and is_number(other))
        ):
            raise ValueError("incompatible types for comparison")
    return any(equal(first, other) for other in others)


def _order(left: Any, right: Any) -> tuple[Any, Any]:
    if (is_number(left) and is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
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


def _slice(value: Any, *bounds: Any) -> Any:
    if (
        not isinstance(value, (list, str))
        or any(type(bound) is not int for bound in bounds)
        or len(bounds) > 2
    ):
        raise ValueError("can't slice this")
    low, high = ([*bounds, 0] if not bounds else [*bounds, len(value)])[:2] if len(bounds) < 2 else bounds
    high = len(value) if not bounds else high
    if not 0 <= low <= high <= len(value):
        raise ValueError("index out of range")
    return value[low:high]


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


def _no_call(*args: Any) -> Any:
    raise ValueError("there is nothing to call in plain data")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "not": lambda value: not truth(value),
    "len": _len,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "printf": lambda layout, *args: printf(layout, list(args)),
    "println": lambda *values: " ".join(map(sprint, values)) + "\n",
    "html": lambda *values: (
        html.escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    ),
    "js": lambda *values: (
        _print(*values).replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("<", "\\u003C")
    ),
    "urlquery": lambda *values: urllib.parse.quote_plus(_print(*values)),
    "call": _no_call,
    "eq": _eq,
    "ne": lambda a, b: not _eq(a, b),
    "lt": lambda a, b: _order(a, b)[0] < b,
    "le": lambda a, b: _order(a, b)[0] <= b,
    "gt": lambda a, b: _order(a, b)[0] > b,
    "ge": lambda a, b: _order(a, b)[0] >= b,
}
