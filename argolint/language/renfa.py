"""A regular expression matcher whose time grows with the length of the text, never with its powers.

Patterns are parsed by Python's `re` and run by Pike's method: all threads step together, in order of priority, so that results
are those of leftmost-first matching. `goregex` uses this for patterns that a backtracking matcher could be slow on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any

MAX_PROGRAM = 5_000
MAX_WORK = 20_000_000

Predicate = Callable[[str], bool]


class Program:
    """Instructions: (op, x, y); op is char, split, jump, save, assert or match."""

    __slots__ = ("code", "groups", "names")

    def __init__(self, code: list[tuple[str, Any, Any]], groups: int, names: dict[str, int]) -> None:
        self.code = code
        self.groups = groups
        self.names = names


class Match:
    """What matters of a `re.Match`."""

    __slots__ = ("names", "saved", "text")

    def __init__(self, text: str, saved: tuple[int, ...], names: dict[str, int]) -> None:
        self.text = text
        self.saved = saved
        self.names = names

    def start(self) -> int:
        """Where the match begins."""
        return self.saved[0]

    def end(self) -> int:
        """Where the match ends."""
        return self.saved[1]

    def group(self, key: int | str = 0) -> str | None:
        """The text of a group; None if it took no part. Raises IndexError for an unknown one."""
        index = self.names.get(key, -1) if isinstance(key, str) else key
        if not 0 <= index < len(self.saved) // 2:
            raise IndexError("no such group")
        start, end = self.saved[2 * index], self.saved[2 * index + 1]
        return self.text[start:end] if start >= 0 and end >= 0 else None


def is_risky(pattern: str) -> tuple[int, bool]:
    """(how many unbounded repetitions a pattern has, whether one stands inside another)."""
    count = 0
    nested = False

    def visit(tree: Any, inside: bool) -> None:
        nonlocal count, nested
        for op, value in tree:
            if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
                _, high, body = value
                wide = high is sre.MAXREPEAT or high > 10
                if wide:
                    count += 1
                    nested = nested or inside
                visit(body, inside or wide)
            elif op is sre.BRANCH:
                for one in value[1]:
                    visit(one, inside)
                nested = nested or inside
            elif op is sre.SUBPATTERN:
                visit(value[3], inside)

    visit(sre_parser.parse(pattern, re.ASCII), False)
    return count, nested


def compile(pattern: str) -> Program:
    """The program of a (Python) pattern. Raises ValueError if it has what cannot run in linear time, or is too large."""
    tree = sre_parser.parse(pattern, re.ASCII)
    code: list[tuple[str, Any, Any]] = [("save", 0, None)]
    _emit(tree, tree.state.flags, code)
    code.append(("save", 1, None))
    code.append(("match", None, None))
    return Program(code, tree.state.groups, dict(tree.state.groupdict))


def _emit(tree: Any, flags: int, code: list[tuple[str, Any, Any]]) -> None:
    for op, value in tree:
        if len(code) > MAX_PROGRAM:
            raise ValueError("error parsing regexp: expression too large")
        if op is sre.SUBPATTERN:
            group, add, remove, body = value
            inner = (flags | add) & ~remove
            if group is not None:
                code.append(("save", 2 * group, None))
            _emit(body, inner, code)
            if group is not None:
                code.append(("save", 2 * group + 1, None))
        elif op is sre.BRANCH:
            _branch(value[1], flags, code)
        elif op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            _repeat(value, op is sre.MAX_REPEAT, flags, code)
        elif op is sre.AT:
            code.append(("assert", _assertion(value, flags), None))
        else:
            code.append(("char", _predicate(op, value, flags), None))


def _branch(options: list[Any], flags: int, code: list[tuple[str, Any, Any]]) -> None:
    jumps: list[int] = []
    for index, option in enumerate(options):
        if index < len(options) - 1:
            at = len(code)
            code.append(("split", at + 1, None))
            _emit(option, flags, code)
            jumps.append(len(code))
            code.append(("jump", None, None))
            code[at] = ("split", at + 1, len(code))
        else:
            _emit(option, flags, code)
    for at in jumps:
        code[at] = ("jump", len(code), None)


def _repeat(value: Any, greedy: bool, flags: int, code: list[tuple[str, Any, Any]]) -> None:
    low, high, body = value
    if low > 1000 or (high is not sre.MAXREPEAT and high > 1000):
        raise ValueError("error parsing regexp: invalid repeat count")
    for _ in range(low):
        _emit(body, flags, code)
    if high is sre.MAXREPEAT:
        at = len(code)
        code.append(("split", None, None))
        _emit(body, flags, code)
        code.append(("jump", at, None))
        code[at] = ("split", at + 1, len(code)) if greedy else ("split", len(code), at + 1)
        return
    splits: list[int] = []
    for _ in range(high - low):
        splits.append(len(code))
        code.append(("split", None, None))
        _emit(body, flags, code)
    for at in splits:
        code[at] = ("split", at + 1, len(code)) if greedy else ("split", len(code), at + 1)


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at] == "_" or (text[at].isascii() and text[at].isalnum()))


def _assertion(kind: Any, flags: int) -> Callable[[str, int], bool]:
    multiline = bool(flags & re.MULTILINE)
    if kind is sre.AT_BEGINNING:
        return (lambda text, at: at == 0 or text[at - 1] == "\n") if multiline else (lambda text, at: at == 0)
    if kind is sre.AT_BEGINNING_STRING:
        return lambda text, at: at == 0
    if kind is sre.AT_END:
        return (
            (lambda text, at: at == len(text) or text[at] == "\n")
            if multiline
            else (lambda text, at: at == len(text))
        )
    if kind is sre.AT_END_STRING:
        return lambda text, at: at == len(text)
    if kind is sre.AT_BOUNDARY:
        return lambda text, at: _is_word(text, at - 1) is not _is_word(text, at)
    if kind is sre.AT_NON_BOUNDARY:
        return lambda text, at: _is_word(text, at - 1) is _is_word(text, at)
    raise ValueError("error parsing regexp: invalid or unsupported syntax")


_CATEGORIES: dict[Any, Predicate] = {
    sre.CATEGORY_DIGIT: lambda c: c in "0123456789",
    sre.CATEGORY_NOT_DIGIT: lambda c: c not in "0123456789",
    sre.CATEGORY_SPACE: lambda c: c in " \t\n\r\f\v",
    sre.CATEGORY_NOT_SPACE: lambda c: c not in " \t\n\r\f\v",
    sre.CATEGORY_WORD: lambda c: _is_word(c, 0),
    sre.CATEGORY_NOT_WORD: lambda c: not _is_word(c, 0),
}


def _predicate(op: Any, value: Any, flags: int) -> Predicate:
    if op is sre.ANY:
        return (lambda c: True) if flags & re.DOTALL else (lambda c: c != "\n")
    if op in (sre.LITERAL, sre.NOT_LITERAL):
        wanted = chr(value)
        if flags & re.IGNORECASE:
            both = {wanted.lower(), wanted.upper()}
            return (lambda c: c in both) if op is sre.LITERAL else (lambda c: c not in both)
        return (lambda c: c == wanted) if op is sre.LITERAL else (lambda c: c != wanted)
    if op is sre.IN:
        return _set(value, bool(flags & re.IGNORECASE))
    if op is sre.CATEGORY:
        return _CATEGORIES[value]
    raise ValueError("error parsing regexp: invalid or unsupported syntax")


def _set(items: list[Any], ignore_case: bool) -> Predicate:
    negated = bool(items) and items[0][0] is sre.NEGATE
    singles: set[str] = set()
    ranges: list[tuple[int, int]] = []
    tests: list[Predicate] = []
    for op, value in items[negated:]:
        if op is sre.LITERAL:
            singles.add(chr(value))
        elif op is sre.RANGE:
            ranges.append(value)
        else:
            tests.append(_CATEGORIES[value])

    def has(char: str) -> bool:
        code = ord(char)
        return (
            char in singles
            or any(low <= code <= high for low, high in ranges)
            or any(test(char) for test in tests)
        )

    def folded(char: str) -> bool:
        return has(char) or has(char.lower()) or has(char.upper())

    inner = folded if ignore_case else has
    return (lambda c: not inner(c)) if negated else inner


Thread = tuple[int, tuple[int, ...]]


def search(program: Program, text: str, start: int = 0) -> Match | None:
    """The leftmost match from `start` on. Raises ValueError for a text too long for the pattern."""
    if (len(text) - start) * len(program.code) > MAX_WORK:
        raise ValueError("memory budget exceeded: the text is too long for this regular expression")
    code = program.code
    empty = (-1,) * (2 * program.groups)
    found: tuple[int, ...] | None = None
    threads: list[Thread] = []
    for at in range(start, len(text) + 1):
        seen: set[int] = set()
        current: list[Thread] = []
        for pc, saved in threads:
            _follow(code, pc, saved, text, at, seen, current)
        if found is None:
            _follow(code, 0, empty, text, at, seen, current)
        threads = []
        if not current:
            if found is not None:
                break
            continue
        char = text[at] if at < len(text) else ""
        for pc, saved in current:
            op, test, _ = code[pc]
            if op == "match":
                found = saved
                break
            if char and test(char):
                threads.append((pc + 1, saved))
        if found is not None and not threads:
            break
    return Match(text, found, program.names) if found is not None else None


def _follow(
    code: list[tuple[str, Any, Any]],
    pc: int,
    saved: tuple[int, ...],
    text: str,
    at: int,
    seen: set[int],
    out: list[Thread],
) -> None:
    """Adds the threads that `pc` leads to without reading a character, best first."""
    todo: list[Thread] = [(pc, saved)]
    while todo:
        pc, saved = todo.pop()
        if pc in seen:
            continue
        seen.add(pc)
        op, x, y = code[pc]
        if op == "jump":
            todo.append((x, saved))
        elif op == "split":
            todo.append((y, saved))
            todo.append((x, saved))
        elif op == "save":
            todo.append((pc + 1, (*saved[:x], at, *saved[x + 1 :])))
        elif op == "assert":
            if x(text, at):
                todo.append((pc + 1, saved))
        else:
            out.append((pc, saved))


def finditer(program: Program, text: str) -> Iterator[Match]:
    """All matches, left to right, not overlapping; an empty one right behind another is left out, as Go does."""
    at, last_end = 0, -1
    while at <= len(text):
        match = search(program, text, at)
        if match is None:
            return
        if match.end() == match.start():
            if match.start() != last_end:
                yield match
            at = match.end() + 1
        else:
            yield match
            at = match.end()
        last_end = match.end()
