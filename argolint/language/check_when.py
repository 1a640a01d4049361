"""Checks `when`: tags become typed holes, and the govaluate tree around them is typed.

What is substituted is text: an unquoted value with a blank, a hyphen or nothing in it changes the syntax, which is why each
hole remembers whether it stands in quotes.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from argolint.language import goregex, govaluate
from argolint.language import types as ty
from argolint.language.check_text import check_tags, type_of
from argolint.language.errors import LanguageError
from argolint.language.findings import Finding
from argolint.language.govaluate import Node
from argolint.language.scope import Scope
from argolint.language.tags import Raw, split
from argolint.language.types import Type
from argolint.patterns import lazy

_FIRST_HOLE = 0xE000
_GLUE = lazy(r"[\w.\ue000-\uf8ff]*[\ue000-\uf8ff][\w.\ue000-\uf8ff]*")
_QUOTED = lazy(r"(?:'|\")(?:\\.|[^'\"\\])*(?:'|\")", re.DOTALL)
_SAFE = lazy(r"[A-Za-z]\w*|\d+(?:\.\d+)?")
_EXECUTABLE = ("bool", "any")


class Hole(NamedTuple):
    """What stands in place of one tag, or of a word with tags in it (`composite`). `text` is as written."""

    type: Type
    start: int
    end: int
    composite: bool
    text: str


class _Masked(NamedTuple):
    text: str
    spans: list[tuple[int, int]]
    holes: dict[str, Hole]


def check_when(text: str, scope: Scope, *, bare_words: bool = True) -> list[Finding]:
    """What is wrong with a `when`. Offsets are into `text`. `bare_words` is false for cron `when`."""
    if not text:
        return []
    findings = check_tags(text, scope)
    if any(one.kind in ("unclosed-tag", "tag-ends-early") for one in findings):
        return findings
    masked = _mask(text, scope)
    if len(masked.text) == 1 and masked.holes:
        return findings + _alone(next(iter(masked.holes.values())))
    try:
        tree = govaluate.build(govaluate.tokenize(masked.text, masked.holes), masked.text, bare_words)
    except LanguageError as error:
        return findings + [_syntax(text, masked, error)]
    checker = _Checker(text, masked)
    kind = checker.kind(tree)
    if kind not in _EXECUTABLE and not checker.findings:
        start, end = checker.span(tree)
        checker.findings.append(
            Finding("non-boolean-condition", start, end, f"when must be true or false, this is a {kind}")
        )
    if not masked.holes and "{{" not in text and not checker.findings and kind == "bool":
        findings.append(_constant(tree, text))
    return findings + checker.relevant()


def _constant(tree: Node, text: str) -> Finding:
    try:
        value = "always true" if govaluate.evaluate(tree, {}) else "always false"
    except LanguageError:
        value = "the same each time"
    return Finding("when-constant", 0, len(text), f"no tag in this condition: it is {value}")


def _alone(hole: Hole) -> list[Finding]:
    type_ = hole.type
    if type_.kind in ("bool", "any", "nil") or (
        type_.kind == "string" and type_.holds in ("", "bool") and type_.const is ty.UNKNOWN
    ):
        return []
    if type_.kind == "string" and type_.const in ("true", "false"):
        return []
    message = f"when must be true or false, {type_.origin or 'this'} is a {type_}"
    return [Finding("non-boolean-condition", hole.start, hole.end, message)]


def _syntax(text: str, masked: _Masked, error: LanguageError) -> Finding:
    start, end = _original(masked, error.start, error.end)
    wrong = text[start:end]
    if wrong == "=":
        return Finding("when-syntax", start, end, "= is no operator of when; to compare, write ==", "==")
    if wrong in ("and", "or", "not"):
        pass
    message = error.message
    for char, hole in masked.holes.items():
        message = message.replace(char, hole.text)
    message = re.sub(r"HOLE \[.*?\](?=$| to )", "a tag", message, flags=re.DOTALL)
    if re.search(r"\b(and|or|not)\b", wrong):
        message += " (write && for and, || for or, ! for not)"
    return Finding("when-syntax", start, max(end, start + 1), message)


def _original(masked: _Masked, start: int, end: int) -> tuple[int, int]:
    spans = masked.spans
    if not spans:
        return 0, 0
    first = min(start, len(spans) - 1)
    last = min(max(end - 1, first), len(spans) - 1)
    if start >= len(spans):
        return spans[-1][1], spans[-1][1]
    return spans[first][0], spans[last][1]


def _mask(text: str, scope: Scope) -> _Masked:
    characters: list[str] = []
    spans: list[tuple[int, int]] = []
    holes: dict[str, Hole] = {}
    for piece in split(text):
        if isinstance(piece, Raw):
            for index, char in enumerate(piece.text):
                characters.append("?" if 0xE000 <= ord(char) < 0xF900 else char)
                spans.append((piece.start + index, piece.start + index + 1))
            continue
        char = chr(_FIRST_HOLE + len(holes) % 6000)
        written = text[piece.start : piece.end]
        holes[char] = Hole(type_of(written, scope), piece.start, piece.end, False, written)
        characters.append(char)
        spans.append((piece.start, piece.end))
    return _glued("".join(characters), spans, holes, text)


def _glued(masked: str, spans: list[tuple[int, int]], holes: dict[str, Hole], text: str) -> _Masked:
    """Words with tags in them become one hole, except inside quotes."""
    quoted = [match.span() for match in _QUOTED.finditer(masked)]
    parts: list[str] = []
    kept: list[tuple[int, int]] = []
    at = 0
    for match in _GLUE.finditer(masked):
        start, end = match.span()
        if end - start == 1 or start < at or any(low < end and start < high for low, high in quoted):
            continue
        parts.append(masked[at:start])
        kept.extend(spans[at:start])
        char = next(one for one in match.group() if one in holes)
        low, high = spans[start][0], spans[end - 1][1]
        holes[char] = Hole(ty.STRING, low, high, True, text[low:high])
        parts.append(char)
        kept.append((low, high))
        at = end
    parts.append(masked[at:])
    kept.extend(spans[at:])
    final = "".join(parts)
    return _Masked(final, kept, {char: hole for char, hole in holes.items() if char in final})


class _Checker:
    __slots__ = ("findings", "masked", "text")

    def __init__(self, text: str, masked: _Masked) -> None:
        self.text = text
        self.masked = masked
        self.findings: list[Finding] = []

    def span(self, node: Node) -> tuple[int, int]:
        return _original(self.masked, node.start, node.end)

    def written(self, node: Node) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def report(self, kind: str, node: Node, message: str, suggestion: str | None = None) -> None:
        start, end = self.span(node)
        self.findings.append(Finding(kind, start, end, message, suggestion))

    def relevant(self) -> list[Finding]:
        """The findings, without mismatches that only follow from `&` or `|` in the place of `&&` or `||`."""
        if not any(one.kind == "when-single-logic-operator" for one in self.findings):
            return self.findings
        return [one for one in self.findings if one.kind != "when-type-mismatch"]

    def kind(self, node: Node) -> str:
        """number, string, bool, list, nil or any."""
        op = node.op
        if op == "hole":
            return self.hole(node, node.value)
        if op in ("literal", "bare"):
            return {float: "number", bool: "bool", str: "string"}.get(type(node.value), "any")
        if op == "variable":
            return "any"
        if op.startswith("prefix "):
            return self.prefix(node)
        spine: list[Node] = []
        first = node
        while len(first.args) == 2:
            spine.append(first)
            first = first.args[0]
        left = self.kind(first)
        for one in reversed(spine):
            left = self.step(one, left, self.kind(one.args[1]))
        return left

    def hole(self, node: Node, hole: Hole) -> str:
        type_ = hole.type
        if type_.kind in ("int", "float") or type_.holds == "number":
            return "number"
        if type_.kind == "bool" or type_.holds == "bool":
            return "bool"
        if type_.kind == "string" and not _is_safe(type_):
            message = f"the value of {hole.text} is inserted as text: a blank, a hyphen or an empty value breaks the condition; put it in quotes"
            self.findings.append(
                Finding("when-unquoted-operand", hole.start, hole.end, message, f"'{hole.text}'")
            )
        return "any"

    def prefix(self, node: Node) -> str:
        symbol = node.op[-1]
        kind = self.kind(node.args[0])
        wanted = "bool" if symbol == "!" else "number"
        if kind not in (wanted, "any"):
            self.report("when-type-mismatch", node, f"{symbol} needs a {wanted}, not a {kind}")
        return wanted

    def step(self, node: Node, left: str, right: str) -> str:
        op = node.op
        self.not_by_quotes(node, left, right)
        if op == ",":
            return "list"
        if op in ("&&", "||"):
            for kind, arg in ((left, node.args[0]), (right, node.args[1])):
                if kind not in ("bool", "any"):
                    self.report(
                        "when-type-mismatch", arg, f"{op} needs conditions on both sides, this is a {kind}"
                    )
            return "bool"
        if op in ("?", ":", "??"):
            return "any"
        if op in ("==", "!=", ">", ">=", "<", "<=") and self.may_be_dates(node):
            return "bool"
        if op in ("==", "!="):
            self.equality(node, left, right)
            return "bool"
        if op in (">", ">=", "<", "<="):
            if "any" not in (left, right) and not (left == right and left in ("number", "string")):
                self.report(
                    "when-type-mismatch",
                    node,
                    f"{op} compares two numbers or two strings, not a {left} with a {right}: it fails",
                )
            return "bool"
        if op == "in":
            if right not in ("list", "any"):
                self.report(
                    "when-type-mismatch",
                    node.args[1],
                    f"in needs a list of two or more such as ('a', 'b'), not a {right}",
                )
            return "bool"
        if op in ("=~", "!~"):
            self.regex(node, left, right)
            return "bool"
        return self.modifier(node, left, right)

    def may_be_dates(self, node: Node) -> bool:
        """Whether a date in quotes, which is a number, stands beside quotes with a tag in them, where a date may come of it."""
        for one, other in (node.args, node.args[::-1]):
            quoted = isinstance(one.value, float) and self.written(one)[:1] in ("'", '"')
            if (
                quoted
                and isinstance(other.value, str)
                and any(char in other.value for char in self.masked.holes)
            ):
                return True
        return False

    def not_by_quotes(self, node: Node, left: str, right: str) -> None:
        """Withdraws the advice to quote a tag where quotes would change what is compared: beside anything but a string."""
        op = node.op
        if op in ("&&", "||", ",", "?", ":", "??", "in", "=~", "!~"):
            return
        for arg, other in ((node.args[0], right), (node.args[1], left)):
            if arg.op != "hole" or (op in ("==", "!=") and other == "string"):
                continue
            start, end = self.span(arg)
            self.findings = [
                one._replace(
                    suggestion=None,
                    message=one.message.replace("put it in quotes", "write an expression, {{= … }}, instead"),
                )
                if one.kind == "when-unquoted-operand" and (one.start, one.end) == (start, end)
                else one
                for one in self.findings
            ]

    def equality(self, node: Node, left: str, right: str) -> None:
        if "any" in (left, right) or left == right:
            return
        effect = "false" if node.op == "==" else "true"
        message = f"a {left} never equals a {right}: {node.op} is always {effect} here"
        literal = next(
            (
                arg
                for arg, kind in zip(node.args, (left, right))
                if kind in ("number", "bool") and arg.op == "literal"
            ),
            None,
        )
        if "string" in (left, right) and literal is not None:
            spelled = f"'{self.written(literal)}'"
            start, end = self.span(literal)
            self.findings.append(
                Finding("when-type-mismatch", start, end, f"{message}; quote both sides: {spelled}", spelled)
            )
            return
        self.report("when-type-mismatch", node, message)

    def regex(self, node: Node, left: str, right: str) -> None:
        if left not in ("string", "any") or right not in ("string", "any"):
            self.report(
                "when-type-mismatch",
                node,
                f"{node.op} needs a string and a regular expression, not a {left} and a {right}",
            )
        pattern = node.args[1]
        if isinstance(pattern.value, str) and not any(char in pattern.value for char in self.masked.holes):
            try:
                goregex.compile(pattern.value)
            except ValueError as error:
                self.report("when-regex-invalid", pattern, str(error))

    def modifier(self, node: Node, left: str, right: str) -> str:
        op = node.op
        if op == "+" and "string" in (left, right):
            return "string"
        if op in ("&", "|") and (
            "bool" in (left, right) or _is_comparison(node.args[0]) or _is_comparison(node.args[1])
        ):
            self.single(node)
            return "any"
        if op in ("&", "|") and "string" in (left, right):
            self.single(node)
            return "any"
        if "string" in (left, right) or "bool" in (left, right) or "list" in (left, right):
            self.not_numbers(node)
            return "any"
        return "number" if "any" not in (left, right) else "any"

    def single(self, node: Node) -> None:
        op = node.op
        low, high = self.span(node.args[0])[1], self.span(node.args[1])[0]
        at = self.text.find(op, low, high)
        start = at if at >= 0 else low
        message = f"{op} is arithmetic on bits and binds tighter than comparisons; for {'and' if op == '&' else 'or'} write {op * 2}"
        self.findings.append(Finding("when-single-logic-operator", start, start + 1, message, op * 2))

    def not_numbers(self, node: Node) -> None:
        words = _bare_words(node)
        written = self.written(node)
        if words and " " not in written:
            start, end = self.span(node)
            self.findings = [one for one in self.findings if not (start <= one.start and one.end <= end)]
            message = f"{written} is read as a calculation with {node.op}; put it in quotes"
            self.report("when-unquoted-operand", node, message, f"'{written}'")
            return
        self.report(
            "when-type-mismatch",
            node,
            f"{node.op} calculates with numbers; text with {node.op} in it must be in quotes",
        )


def _is_comparison(node: Node) -> bool:
    return node.op in ("==", "!=", ">", ">=", "<", "<=", "=~", "!~", "in", "&&", "||")


def _bare_words(node: Node) -> bool:
    return any(arg.op == "bare" or (arg.args and _bare_words(arg)) for arg in node.args)


def _is_safe(type_: Type) -> bool:
    """Whether a string value can stand unquoted: it is one word or number."""
    if type_.holds == "choice":
        return all(_SAFE.fullmatch(value) for value in type_.choices if value)
    const: Any = type_.const
    return isinstance(const, str) and _SAFE.fullmatch(const) is not None
