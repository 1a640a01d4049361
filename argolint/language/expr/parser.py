"""Parser of expr-lang v1.17: precedence climbing, closures, pipes, `let`, `if`.

Source of behaviour: the published language definition of expr-lang v1.17 and its parser's operator table.
"""

from __future__ import annotations

from functools import lru_cache

from argolint.language.errors import LanguageError
from argolint.language.expr.ast import (
    Array,
    Ast,
    Binary,
    Builtin,
    Call,
    Chain,
    Conditional,
    Ident,
    Let,
    Literal,
    MapLiteral,
    Member,
    Node,
    Pointer,
    Predicate,
    Sequence,
    Slice,
    Unary,
    walk,
)
from argolint.language.expr.lexer import WORD_OPERATORS, Token, tokenize
from argolint.language.expr.names import BUILTINS, PREDICATES

MAX_DEPTH = 60
MAX_SOURCE = 100_000
MAX_TOKENS = 20_000
MAX_NODES = 10_000

_UNARY = {"not": 50, "!": 50, "-": 90, "+": 90}
_BINARY = {
    "|": 0,
    "or": 10,
    "||": 10,
    "and": 15,
    "&&": 15,
    "==": 20,
    "!=": 20,
    "<": 20,
    ">": 20,
    ">=": 20,
    "<=": 20,
    "in": 20,
    "matches": 20,
    "contains": 20,
    "startsWith": 20,
    "endsWith": 20,
    "..": 25,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
    "^": 100,
    "??": 500,
}
_RIGHT = ("**", "^")
_COMPARISON = ("<", ">", "<=", ">=")
_NEGATABLE = ("in", "matches", "contains", "startsWith", "endsWith")
_NORMAL = {"&&": "and", "||": "or", "^": "**", "!": "not"}
_CONSTANTS = {"true": True, "false": False, "nil": None}


@lru_cache(maxsize=4096)
def parse(source: str) -> Ast:
    """The tree of one expression. Raises LanguageError with the place of the first mistake. Memoised by text."""
    if len(source) > MAX_SOURCE:
        raise LanguageError("expression is too long", 0, len(source))
    return parse_tokens(source, tokenize(source))


def parse_tokens(source: str, tokens: list[Token]) -> Ast:
    """The tree of the tokens of `source`. Raises as `parse`."""
    if len(tokens) > MAX_TOKENS:
        raise LanguageError("expression is too long", 0, len(source))
    try:
        root = _Parser(source, tokens).whole()
    except RecursionError:
        raise LanguageError("expression is nested too deeply", 0, len(source)) from None
    if len(tokens) > MAX_NODES // 2 and len(walk(root)) > MAX_NODES:
        raise LanguageError("expression exceeds maximum allowed nodes", 0, len(source))
    return Ast(source, root)


def _shown(token: Token) -> str:
    if token.kind == "eof":
        return "end of expression"
    return f"{token.kind} {token.value!r}" if token.kind == "string" else f"{token.kind} {token.value}"


class _Parser:
    __slots__ = ("closures", "depth", "index", "source", "token", "tokens")

    def __init__(self, source: str, tokens: list[Token]) -> None:
        self.source = source
        self.tokens = tokens
        self.index = 0
        self.token = tokens[0]
        self.depth = 0
        self.closures = 0

    # Tokens.

    def next(self) -> Token:
        token = self.token
        if token.kind != "eof":
            self.index += 1
            self.token = self.tokens[self.index]
        return token

    def is_op(self, value: str) -> bool:
        return self.token.kind == "operator" and self.token.value == value

    def is_bracket(self, value: str) -> bool:
        return self.token.kind == "bracket" and self.token.value == value

    def expect(self, kind: str, value: str | None = None) -> Token:
        token = self.token
        if token.kind != kind or (value is not None and token.value != value):
            wanted = f", expected {value or kind}"
            raise LanguageError(f"unexpected {_shown(token)}{wanted}", token.start, token.end)
        return self.next()

    def last_end(self) -> int:
        return self.tokens[self.index - 1].end if self.index else 0

    # Grammar.

    def whole(self) -> Node:
        node = self.sequence()
        if self.token.kind != "eof":
            hint = ""
            if self.is_op("="):
                hint = " (to compare, write ==)"
            raise LanguageError(f"unexpected {_shown(self.token)}{hint}", self.token.start, self.token.end)
        return node

    def sequence(self) -> Node:
        nodes = [self.expression(0)]
        while self.is_op(";"):
            self.next()
            if self.token.kind == "eof":
                break
            nodes.append(self.expression(0))
        return nodes[0] if len(nodes) == 1 else Sequence(nodes[0].start, nodes[-1].end, nodes)

    def expression(self, precedence: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LanguageError("expression is nested too deeply", self.token.start, self.token.end)
        try:
            if precedence == 0:
                if self.is_op("let"):
                    return self.let()
                if self.is_op("if"):
                    return self.if_else()
            node = self.binary(self.primary(), precedence)
            if precedence == 0:
                node = self.ternary(node)
            return node
        finally:
            self.depth -= 1

    def binary(self, left: Node, precedence: int) -> Node:
        previous = ""
        while self.token.kind == "operator":
            operator, negated = self.token, None
            if operator.value == "not":
                following = self.tokens[self.index + 1]
                if following.kind != "operator" or following.value not in _NEGATABLE:
                    raise LanguageError(f"unexpected {_shown(following)}", following.start, following.end)
                if _BINARY[following.value] < precedence:
                    break
                negated, operator = self.next(), following
            level = _BINARY.get(operator.value)
            if level is None or level < precedence:
                break
            self.next()
            if operator.value == "|":
                left = self.call(self.expect("ident"), [left], left.start)
            elif previous == "??" and operator.value != "??":
                raise LanguageError(
                    f"operator {operator.value} and coalesce expressions (??) cannot be mixed; wrap either by parentheses",
                    operator.start,
                    operator.end,
                )
            elif operator.value in _COMPARISON:
                left = self.comparison(left, operator, level)
            else:
                right = self.expression(level if operator.value in _RIGHT else level + 1)
                op = _NORMAL.get(operator.value, operator.value)
                left = Binary(left.start, right.end, op, left, right, operator.start)
                if negated:
                    left = Unary(left.start, left.end, "not", left)
            previous = operator.value
        return left

    def comparison(self, left: Node, operator: Token, level: int) -> Node:
        root: Node | None = None
        while True:
            right = self.expression(level + 1)
            one = Binary(left.start, right.end, operator.value, left, right, operator.start)
            root = one if root is None else Binary(root.start, one.end, "and", root, one, operator.start)
            left = right
            if self.token.kind != "operator" or self.token.value not in _COMPARISON:
                return root
            operator = self.next()

    def ternary(self, node: Node) -> Node:
        while self.is_op("?"):
            self.next()
            if self.is_op(":"):
                self.next()
                then = node
            else:
                then = self.expression(0)
                self.expect("operator", ":")
            otherwise = self.expression(0)
            node = Conditional(node.start, otherwise.end, node, then, otherwise)
        return node

    def let(self) -> Node:
        start = self.next().start
        name = self.expect("ident")
        self.expect("operator", "=")
        value = self.expression(0)
        self.expect("operator", ";")
        body = self.sequence()
        return Let(start, body.end, name.value, value, body, name.start)

    def if_else(self) -> Node:
        start = self.next().start
        test = self.expression(0)
        self.expect("bracket", "{")
        then = self.sequence()
        self.expect("bracket", "}")
        self.expect("operator", "else")
        if self.is_op("if"):
            otherwise = self.expression(0)
        else:
            self.expect("bracket", "{")
            otherwise = self.sequence()
            self.expect("bracket", "}")
        return Conditional(start, self.last_end(), test, then, otherwise)

    def primary(self) -> Node:
        token = self.token
        if token.kind == "operator":
            level = _UNARY.get(token.value)
            if level is not None:
                self.next()
                operand = self.expression(level)
                op = _NORMAL.get(token.value, token.value)
                return self.postfix(Unary(token.start, operand.end, op, operand))
            if self.closures and token.value == "#":
                self.next()
                name, end = "", token.end
                if self.token.kind == "ident":
                    name, end = self.token.value, self.token.end
                    if name not in ("acc", "index"):
                        raise LanguageError(f"unknown pointer #{name}", token.start, end)
                    self.next()
                return self.postfix(Pointer(token.start, end, name))
            if self.closures and token.value == ".":
                return self.postfix(Pointer(token.start, token.start, ""))
            if token.value == "::":
                self.next()
                name_token = self.expect("ident")
                return self.postfix(self.call(name_token, [], token.start))
        if self.is_bracket("("):
            self.next()
            inner = self.sequence()
            self.expect("bracket", ")")
            return self.postfix(_widened(inner, token.start, self.last_end()))
        # true, false, nil and numbers take no postfix: `1.a` and `nil?.a` are no expressions.
        if token.kind == "number" or (token.kind == "ident" and token.value in _CONSTANTS):
            self.next()
            value = token.value if token.kind == "number" else _CONSTANTS[token.value]
            return Literal(token.start, token.end, value)
        return self.postfix(self.secondary())

    def secondary(self) -> Node:
        token = self.token
        if token.kind == "ident":
            self.next()
            if self.is_bracket("("):
                return self.call(token, [], token.start)
            return Ident(token.start, token.end, token.value)
        if token.kind in ("string", "bytes"):
            self.next()
            return Literal(token.start, token.end, token.value)
        if self.is_bracket("["):
            self.next()
            nodes = self.items("]")
            return Array(token.start, self.last_end(), nodes)
        if self.is_bracket("{"):
            return self.map_literal()
        raise LanguageError(f"unexpected {_shown(token)}", token.start, token.end)

    def items(self, closing: str) -> list[Node]:
        nodes: list[Node] = []
        while not self.is_bracket(closing):
            if nodes:
                self.expect("operator", ",")
                if self.is_bracket(closing):
                    break
            nodes.append(self.expression(0))
        self.expect("bracket", closing)
        return nodes

    def map_literal(self) -> Node:
        start = self.next().start
        pairs: list[tuple[Node, Node]] = []
        while not self.is_bracket("}"):
            if pairs:
                self.expect("operator", ",")
                if self.is_bracket("}"):
                    break
            token = self.token
            key: Node
            if token.kind in ("number", "string", "ident"):
                self.next()
                text = self.source[token.start : token.end] if token.kind == "number" else token.value
                key = Literal(token.start, token.end, text)
            elif self.is_bracket("("):
                key = self.expression(0)
            else:
                raise LanguageError(
                    "a map key must be a quoted string, a number, an identifier,"
                    f" or an expression enclosed in parentheses (unexpected {_shown(token)})",
                    token.start,
                    token.end,
                )
            self.expect("operator", ":")
            pairs.append((key, self.expression(0)))
        self.expect("bracket", "}")
        return MapLiteral(start, self.last_end(), pairs)

    def call(self, name: Token, args: list[Node], start: int) -> Node:
        shape = PREDICATES.get(name.value)
        if shape is not None:
            self.expect("bracket", "(")
            first = True
            for kind in shape[len(args) :]:
                if kind.endswith("?") and self.is_bracket(")"):
                    break
                if not first:
                    self.expect("operator", ",")
                first = False
                args.append(self.predicate() if kind.startswith("predicate") else self.expression(0))
            if self.is_op(","):
                self.next()
            self.expect("bracket", ")")
            return Builtin(start, self.last_end(), name.value, args, name.start, name.end)
        self.expect("bracket", "(")
        args.extend(self.items(")"))
        if name.value in BUILTINS:
            return Builtin(start, self.last_end(), name.value, args, name.start, name.end)
        return Call(start, self.last_end(), Ident(name.start, name.end, name.value), args)

    def predicate(self) -> Node:
        start = self.token.start
        self.closures += 1
        if self.is_bracket("{"):
            self.next()
            body = self.sequence()
            self.expect("bracket", "}")
        else:
            body = self.expression(0)
            if self.is_op(";"):
                raise LanguageError("wrap predicate with brackets { and }", self.token.start, self.token.end)
        self.closures -= 1
        return Predicate(start, self.last_end(), body)

    def postfix(self, node: Node) -> Node:
        """`.name` goes on with a chain of `?.`, even one in parentheses; `[…]` begins anew after it."""
        while self.token.kind in ("operator", "bracket"):
            token = self.token
            optional = token.value == "?."
            if token.kind == "operator" and (optional or token.value == "."):
                self.next()
                if optional and self.is_bracket("["):
                    node = self.index_or_slice(node, True)
                    if isinstance(node, Member):
                        node = Chain(node.start, node.end, node)
                    continue
                chained = isinstance(node, Chain)
                node = self.member(node.node if isinstance(node, Chain) else node, optional)
                if chained or optional:
                    node = Chain(node.start, node.end, node)
            elif token.kind == "bracket" and token.value == "[":
                node = self.index_or_slice(node, False)
            else:
                break
        return node

    def member(self, node: Node, optional: bool) -> Node:
        name = self.next()
        if name.kind != "ident" and not (name.kind == "operator" and name.value in WORD_OPERATORS):
            raise LanguageError(f"expected name, found {_shown(name)}", name.start, name.end)
        prop = Literal(name.start, name.end, name.value)
        member = Member(node.start, name.end, node, prop, optional, True)
        if not self.is_bracket("("):
            return member
        self.next()
        args = self.items(")")
        return Call(node.start, self.last_end(), member, args)

    def index_or_slice(self, node: Node, optional: bool) -> Node:
        self.expect("bracket", "[")
        low: Node | None = None
        if not self.is_op(":"):
            low = self.expression(0)
        if self.is_op(":"):
            self.next()
            high = None if self.is_bracket("]") else self.expression(0)
            self.expect("bracket", "]")
            return Slice(node.start, self.last_end(), node, low, high)
        self.expect("bracket", "]")
        assert low is not None
        return Member(node.start, self.last_end(), node, low, optional, False)


def _widened(node: Node, start: int, end: int) -> Node:
    """The same node, its span including the parentheses, so that messages underline all of it."""
    node.start, node.end = start, end
    return node
