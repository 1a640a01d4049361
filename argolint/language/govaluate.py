"""govaluate: the language of `when` on steps, tasks and metrics, of cron `when`, and of Argo Events' `exprs`.

Source of behaviour: the grammar of Knetic/govaluate (tokens, allowed transitions, precedence, type checks) and upstream's
use of it for `when`, which turns every bare word into a string.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from argolint.language import goregex
from argolint.language.errors import LanguageError
from argolint.language.gotime import NS, parse_time
from argolint.language.values import equal, sprint
from argolint.patterns import lazy

MAX_TEXT = 200_000
MAX_DEPTH = 80

NUMBER, STRING, TIME, BOOLEAN, VARIABLE, ACCESSOR, PREFIX = (
    "NUMERIC",
    "STRING",
    "TIME",
    "BOOLEAN",
    "VARIABLE",
    "ACCESSOR",
    "PREFIX",
)
MODIFIER, COMPARATOR, LOGICAL, TERNARY = "MODIFIER", "COMPARATOR", "LOGICALOP", "TERNARY"
OPEN, CLOSE, SEPARATOR, HOLE = "CLAUSE", "CLAUSE_CLOSE", "SEPARATOR", "HOLE"


class Token(NamedTuple):
    """`kind` is govaluate's name for it; `value` is decoded; `quoted` tells a string from a bare word."""

    kind: str
    value: Any
    start: int
    end: int
    quoted: bool = False


class Node(NamedTuple):
    """`op` is an operator, `literal`, `variable`, `prefix -` and so on; `args` are nodes, `value` a literal's."""

    op: str
    args: tuple[Any, ...]
    value: Any
    start: int
    end: int


_VALUES = (NUMBER, BOOLEAN, STRING, TIME, VARIABLE, ACCESSOR, HOLE)
_AFTER_VALUE = frozenset((MODIFIER, COMPARATOR, LOGICAL, CLOSE, TERNARY, SEPARATOR))
_OPERAND = frozenset((PREFIX, *_VALUES, OPEN, CLOSE))
_TRANSITIONS: dict[str, frozenset[str]] = {
    "": frozenset((PREFIX, *_VALUES, OPEN)),
    OPEN: _OPERAND,
    CLOSE: frozenset((COMPARATOR, MODIFIER, *_VALUES, OPEN, CLOSE, LOGICAL, TERNARY, SEPARATOR)) - {ACCESSOR},
    NUMBER: _AFTER_VALUE,
    BOOLEAN: _AFTER_VALUE,
    STRING: _AFTER_VALUE,
    TIME: _AFTER_VALUE - {TERNARY},
    VARIABLE: _AFTER_VALUE,
    HOLE: _AFTER_VALUE,
    ACCESSOR: _AFTER_VALUE | {OPEN},
    MODIFIER: _OPERAND - {TIME},
    COMPARATOR: _OPERAND,
    LOGICAL: _OPERAND,
    TERNARY: _OPERAND,
    PREFIX: frozenset((NUMBER, BOOLEAN, VARIABLE, ACCESSOR, HOLE, OPEN, CLOSE)),
    SEPARATOR: _OPERAND - {CLOSE},
}
_SYMBOLS = {
    **dict.fromkeys(("+", "-", "*", "/", "%", "**", "&", "|", "^", ">>", "<<"), MODIFIER),
    **dict.fromkeys(("&&", "||"), LOGICAL),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<=", "=~", "!~"), COMPARATOR),
    **dict.fromkeys(("?", ":", "??"), TERNARY),
}
_LEVELS = {
    ",": 0, "?": 1, ":": 1, "??": 1, "||": 2, "&&": 3,
    "==": 4, "!=": 4, ">": 4, ">=": 4, "<": 4, "<=": 4, "=~": 4, "!~": 4, "in": 4,
    "&": 5, "|": 5, "^": 5, ">>": 6, "<<": 6, "+": 7, "-": 7, "*": 8, "/": 8, "%": 8, "**": 9,
}  # fmt: skip
_TIME_LAYOUTS = (
    "Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon Jan 02 15:04:05 -0700 2006", "3:04PM",
    "2006-01-02T15:04:05Z07:00", "2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05-07:00",
    "2006-01-02T15Z0700", "2006-01-02T15:04Z0700", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05.999999999Z0700",
)  # fmt: skip
_MAYBE_TIME = lazy(r"\d{4}-\d\d-\d\d|\d{1,2}:\d\d(AM|PM)|[A-Z][a-z]{2} [A-Z][a-z]{2} ")
_FIRST_PRIVATE_USE = 0xE000


def evaluate_when(text: str) -> bool:
    """The value of a substituted `when`: bare words are strings; an empty text is true.

    Raises LanguageError for bad syntax, a failing comparison of types, or a result that is no bool.
    """
    if text == "":
        return True
    if text in ("true", "false"):
        return text == "true"
    value = evaluate(parse(text, bare_words=True), {})
    if not isinstance(value, bool):
        raise LanguageError(f"expected boolean evaluation for '{text}', got {_shown(value)}", 0, len(text))
    return value


def evaluate_condition(text: str, variables: Mapping[str, Any]) -> bool:
    """The value of a condition in which bare words are `variables` (cron `when`, Argo Events `exprs`).

    Raises LanguageError, also for an unknown variable.
    """
    value = evaluate(parse(text, bare_words=False), variables)
    if not isinstance(value, bool):
        raise LanguageError(f"expected boolean evaluation for '{text}', got {_shown(value)}", 0, len(text))
    return value


# Tokens.


def tokenize(text: str, holes: Mapping[str, Any] | None = None) -> list[Token]:
    """The tokens of `text`. `holes` maps private-use characters to what stands there in place of text."""
    if len(text) > MAX_TEXT:
        raise LanguageError("condition is too long", 0, len(text))
    tokens: list[Token] = []
    state, at = "", 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at >= len(text):
            break
        token = _token(text, at, state, holes)
        if token.kind not in _TRANSITIONS[state]:
            previous = tokens[-1] if tokens else None
            raise LanguageError(_transition(previous, token), token.start, token.end)
        tokens.append(token)
        state, at = token.kind, token.end
    if not tokens:
        raise LanguageError("unexpected end of expression", 0, len(text))
    if tokens[-1].kind not in (CLOSE, *_VALUES):
        raise LanguageError("unexpected end of expression", tokens[-1].start, len(text))
    return tokens


def _transition(previous: Token | None, token: Token) -> str:
    before = f"{previous.kind} [{sprint(previous.value)}]" if previous else "the start"
    return f"cannot transition token types from {before} to {token.kind} [{sprint(token.value)}]"


def _token(text: str, at: int, state: str, holes: Mapping[str, Any] | None) -> Token:
    char = text[at]
    if holes and char in holes:
        return Token(HOLE, holes[char], at, at + 1)
    if char.isdigit() or char == ".":
        return _number(text, at)
    if char == ",":
        return Token(SEPARATOR, ",", at, at + 1)
    if char == "[":
        name, end = _until(text, at + 1, "]")
        if end >= len(text):
            raise LanguageError("unclosed parameter bracket", at, len(text))
        return Token(VARIABLE, name, at, end + 1)
    if char.isalpha():
        return _word(text, at)
    if char in "'\"":
        value, end = _until(text, at + 1, "'\"")
        if end >= len(text):
            raise LanguageError("unclosed string literal", at, len(text))
        seconds = _time(value)
        if seconds is not None:
            return Token(TIME, seconds, at, end + 1, True)
        return Token(STRING, value, at, end + 1, True)
    if char in "()":
        return Token(OPEN if char == "(" else CLOSE, char, at, at + 1)
    symbol, end = _symbol(text, at, holes)
    if symbol in ("-", "!", "~") and PREFIX in _TRANSITIONS[state]:
        return Token(PREFIX, symbol, at, end)
    kind = _SYMBOLS.get(symbol)
    if kind is None:
        raise LanguageError(
            f"invalid token: '{symbol}' (hint: try wrapping the affected expression in quotes)", at, end
        )
    return Token(kind, symbol, at, end)


def _number(text: str, at: int) -> Token:
    hexadecimal = re.compile(r"0x([0-9a-fA-F]*)").match(text, at)
    if hexadecimal:
        if not hexadecimal.group(1) or len(hexadecimal.group(1)) > 16:
            raise LanguageError(f"unable to parse hex value '{hexadecimal.group(1)}'", at, hexadecimal.end())
        return Token(NUMBER, float(int(hexadecimal.group(1), 16)), at, hexadecimal.end())
    end = at
    while end < len(text) and (text[end].isdigit() or text[end] == "."):
        end += 1
    try:
        return Token(NUMBER, float(text[at:end]), at, end)
    except ValueError:
        raise LanguageError(f"unable to parse numeric value '{text[at:end]}' to float64", at, end) from None


def _word(text: str, at: int) -> Token:
    parts: list[str] = []
    end = at
    while end < len(text):
        char = text[end]
        if char == "\\" and end + 1 < len(text):
            parts.append(text[end + 1])
            end += 2
        elif (char.isalnum() or char in "_.") and not _private(char):
            parts.append(char)
            end += 1
        else:
            break
    word = "".join(parts)
    if word in ("true", "false"):
        return Token(BOOLEAN, word == "true", at, end)
    if word in ("in", "IN"):
        return Token(COMPARATOR, "in", at, end)
    if "." in word[1:]:
        if word.endswith("."):
            raise LanguageError(f"hanging accessor on token '{word}'", at, end)
        for part in word.split(".")[1:]:
            if part[:1].upper() != part[:1]:
                raise LanguageError(f"unable to access unexported field '{part}' in token '{word}'", at, end)
        return Token(ACCESSOR, word, at, end)
    return Token(VARIABLE, word, at, end)


def _private(char: str) -> bool:
    return ord(char) >= _FIRST_PRIVATE_USE and ord(char) < 0xF900


def _until(text: str, at: int, stops: str) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
            continue
        if char in stops:
            break
        parts.append(char)
        at += 1
    return "".join(parts), at


def _symbol(text: str, at: int, holes: Mapping[str, Any] | None) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text):
        char = text[at]
        if char.isspace() or char.isalnum() or char in "()[]'\"" or (holes and char in holes):
            break
        if char == "\\":
            parts.append(text[at + 1 : at + 2])
            at += 2
            continue
        parts.append(char)
        at += 1
    return "".join(parts), min(at, len(text))


def _time(text: str) -> float | None:
    """Quoted text that looks like a date is a number: its seconds since 1970."""
    if len(text) > 60 or not _MAYBE_TIME.match(text):
        return None
    for layout in _TIME_LAYOUTS:
        try:
            return float(parse_time(layout, text).ns // NS)
        except ValueError:
            continue
    return None


# Grammar.


@lru_cache(maxsize=4096)
def parse(text: str, bare_words: bool) -> Node:
    """The tree of a condition. Raises LanguageError. Memoised by text."""
    return build(tokenize(text), text, bare_words)


def build(tokens: list[Token], text: str, bare_words: bool) -> Node:
    """The tree of tokens. Everything associates to the left. What follows a closed group unjoined is ignored, as upstream does."""
    level = 0
    for token in tokens:
        level += (token.kind == OPEN) - (token.kind == CLOSE)
        if level < 0:
            raise LanguageError("unbalanced parenthesis", token.start, token.end)
    if level:
        raise LanguageError("unbalanced parenthesis", 0, len(text))
    if bare_words:
        for before, token in pairwise(tokens):
            if before.kind == PREFIX and token.kind == VARIABLE:
                raise LanguageError(_transition(before, token._replace(kind=STRING)), token.start, token.end)
    try:
        return _Planner(tokens, bare_words).level(0)
    except RecursionError:
        raise LanguageError("condition is nested too deeply", 0, len(text)) from None


class _Planner:
    __slots__ = ("bare_words", "depth", "index", "tokens")

    def __init__(self, tokens: list[Token], bare_words: bool) -> None:
        self.tokens = tokens
        self.bare_words = bare_words
        self.index = 0
        self.depth = 0

    def level(self, minimum: int) -> Node:
        left = self.unary()
        while self.index < len(self.tokens):
            token = self.tokens[self.index]
            level = (
                _LEVELS.get(token.value, -1)
                if token.kind in (MODIFIER, COMPARATOR, LOGICAL, TERNARY, SEPARATOR)
                else -1
            )
            if level < minimum:
                break
            self.index += 1
            right = self.level(level + 1)
            left = Node(token.value, (left, right), None, left.start, right.end)
        return left

    def unary(self) -> Node:
        if self.index >= len(self.tokens):
            last = self.tokens[-1]
            raise LanguageError("unexpected end of expression", last.start, last.end)
        token = self.tokens[self.index]
        self.index += 1
        if token.kind == PREFIX:
            operand = self.unary()
            return Node("prefix " + token.value, (operand,), None, token.start, operand.end)
        if token.kind == OPEN:
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise LanguageError("condition is nested too deeply", token.start, token.end)
            inner = self.level(0)
            self.depth -= 1
            while self.index < len(self.tokens) and self.tokens[self.index].kind != CLOSE:
                self.index += 1
            end = self.tokens[self.index].end if self.index < len(self.tokens) else inner.end
            self.index += 1
            return inner._replace(start=token.start, end=end)
        if token.kind == CLOSE:
            raise LanguageError("empty parentheses", token.start, token.end)
        if token.kind == HOLE:
            return Node("hole", (), token.value, token.start, token.end)
        if token.kind == ACCESSOR or (token.kind == VARIABLE and not self.bare_words):
            return Node("variable", (), token.value, token.start, token.end)
        if token.kind == VARIABLE:
            return Node("bare", (), token.value, token.start, token.end)
        return Node("literal", (), token.value, token.start, token.end)


# Evaluation.


def evaluate(node: Node, variables: Mapping[str, Any]) -> Any:
    """The value of a tree: float, str, bool, list or None. Raises LanguageError with govaluate's reasons."""
    try:
        return _eval(node, variables)
    except RecursionError:
        raise LanguageError("condition is nested too deeply", node.start, node.end) from None


def _eval(node: Node, variables: Mapping[str, Any]) -> Any:
    op = node.op
    if op in ("literal", "bare"):
        return node.value
    if op == "variable":
        return _variable(node, variables)
    if op.startswith("prefix "):
        return _prefix(node, _eval(node.args[0], variables))
    spine: list[Node] = []
    first = node
    while len(first.args) == 2:
        spine.append(first)
        first = first.args[0]
    value = _eval(first, variables)
    for one in reversed(spine):
        value = _step(one, value, variables)
    return value


def _step(node: Node, left: Any, variables: Mapping[str, Any]) -> Any:
    op = node.op
    if (op == "&&" and left is False) or (op == "||" and left is True):
        return left
    if (op in (":", "??") and left is not None) or (op == "?" and left is False):
        return left if op != "?" else None
    right = _eval(node.args[1], variables)
    return operate(node, left, right)


def operate(node: Node, left: Any, right: Any) -> Any:
    """The value of one binary operator on two values. Raises LanguageError for types it refuses."""
    op = node.op
    if op == ",":
        return [*left, right] if isinstance(left, list) else [left, right]
    if op in ("&&", "||"):
        _need(node, (left, right), bool, "logical operator", "bool")
        return (left and right) if op == "&&" else (left or right)
    if op == "?":
        _need(node, (left,), bool, "ternary", "bool")
        return right if left else None
    if op in (":", "??"):
        return left if left is not None else right
    if op in ("==", "!="):
        return equal(left, right) is (op == "==")
    if op == "in":
        if not isinstance(right, list):
            raise LanguageError(
                f"value '{_shown(right)}' cannot be used with the comparator 'in', it is not an array",
                node.start,
                node.end,
            )
        return any(equal(left, item) for item in right)
    if op in ("=~", "!~"):
        _need(node, (left, right), str, "comparator", "string")
        try:
            return goregex.search(right, left) is (op == "=~")
        except ValueError as error:
            raise LanguageError(str(error), node.args[1].start, node.args[1].end) from None
    if op in (">", ">=", "<", "<="):
        if not (isinstance(left, str) and isinstance(right, str)):
            _need(node, (left, right), float, "comparator", "number")
        return _ORDER[op](left, right)
    if op == "+" and (isinstance(left, str) or isinstance(right, str)):
        return sprint(left) + sprint(right)
    _need(node, (left, right), float, "modifier", "number")
    return _arithmetic(node, left, right)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _arithmetic(node: Node, left: float, right: float) -> float:
    op = node.op
    try:
        if op == "+":
            return left + right
        if op == "-":
            return left - right
        if op == "*":
            return left * right
        if op == "/":
            return (
                left / right
                if right
                else (math.nan if not left or math.isnan(left) else math.copysign(math.inf, left))
            )
        if op == "%":
            return math.fmod(left, right) if right else math.nan
        if op == "**":
            from argolint.language.expr.operators import power

            return power(left, right)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan
    return _bitwise(node, left, right)


def _bitwise(node: Node, left: float, right: float) -> float:
    if any(math.isnan(x) or math.isinf(x) or abs(x) >= 2**63 for x in (left, right)):
        raise LanguageError(f"value is out of range for '{node.op}'", node.start, node.end)
    a, b = int(left), int(right)
    if node.op == "&":
        return float(a & b)
    if node.op == "|":
        return float(a | b)
    if node.op == "^":
        return float(a ^ b)
    count = b if b >= 0 else 64
    from argolint.language.values import wrap

    unsigned = a % 2**64
    return (
        float(wrap(unsigned << count) if count < 64 else 0)
        if node.op == "<<"
        else float(unsigned >> min(count, 64))
    )


def _need(node: Node, values: tuple[Any, ...], kind: type, what: str, name: str) -> None:
    for value, arg in zip(values, node.args):
        fits = (
            type(value) is bool
            if kind is bool
            else type(value) in (float, int)
            if kind is float
            else isinstance(value, kind)
        )
        if not fits:
            raise LanguageError(
                f"value '{_shown(value)}' cannot be used with the {what} '{node.op}', it is not a {name}",
                arg.start,
                arg.end,
            )


def _prefix(node: Node, value: Any) -> Any:
    symbol = node.op[-1]
    wanted = bool if symbol == "!" else float
    fits = type(value) is bool if wanted is bool else type(value) in (int, float)
    if not fits:
        raise LanguageError(
            f"value '{_shown(value)}' cannot be used with the prefix '{symbol}'", node.start, node.end
        )
    if symbol == "!":
        return not value
    if symbol == "-":
        return -value
    if math.isnan(value) or abs(value) >= 2**63:
        raise LanguageError("value is out of range for '~'", node.start, node.end)
    return float(~int(value))


def _variable(node: Node, variables: Mapping[str, Any]) -> Any:
    name = str(node.value)
    if name in variables:
        value = variables[name]
    else:
        value = variables
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise LanguageError(f"no parameter '{name.split('.')[0]}' found", node.start, node.end)
            value = value[part]
    return float(value) if type(value) is int else value


def _shown(value: Any) -> str:
    return sprint(value)
