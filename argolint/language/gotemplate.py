"""Go's text/template with sprig, as Argo Events uses it (`dataTemplate`, `contextTemplate`).

Source of behaviour: the documentation of text/template. `parse` checks the syntax and the names of functions, `render` evaluates
over plain data (dicts, lists, scalars). Budgets bound loops and output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.patterns import lazy

MAX_DEPTH = 60

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
_TOKEN = lazy(
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
            following = source[match.end() : match.end() + 1]
            if kind in ("field", "variable", "word") and following and following not in " \t\r\n.,|:)(}=":
                message = f"bad character {following!r} after {match.group()}"
                raise LanguageError(message, match.end(), match.end() + 1)
            if kind == "field" and tokens and tokens[-1].text == "." and tokens[-1].end == at:
                raise LanguageError("unexpected . after term", at, at + 1)
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
        if operands[0].kind == "nil":
            raise LanguageError("nil is not a command", operands[0].start, operands[0].end)
        if len(operands) > 1 and operands[0].kind in ("literal", "dot"):
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
            from argolint.suggest import nearest

            near = nearest(token.text, self.functions) or None
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


def render(source: str | Template, data: Any, *, hooks: Hooks = SYSTEM) -> str:
    """The text that a template makes of `data` (its dot). Raises LanguageError for mistakes and failing functions."""
    from argolint.language.gotemplate_run import run

    return run(parse(source) if isinstance(source, str) else source, data, hooks)
