"""Go's regular expressions (RE2 syntax) on Python's engine, or on `renfa` where that could be slow.

Patterns are translated and memoised. What RE2 refuses (lookaround, back references) is refused here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from argolint.language import renfa

MAX_PATTERN = 2000
MAX_RESULT = 10_000_000
BACKTRACKING_STEPS = 3_000_000


@lru_cache(maxsize=1024)
def compile(pattern: str) -> re.Pattern[str]:
    """A Go pattern as a Python one. Raises ValueError with Go's wording."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError("error parsing regexp: expression too large")
    from argolint.language.goregex_syntax import translate

    try:
        return re.compile(translate(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"error parsing regexp: {error}: `{pattern}`") from None


Match = re.Match[str] | renfa.Match


@lru_cache(maxsize=1024)
def _risk(pattern: str) -> tuple[int, bool]:
    return renfa.is_risky(compile(pattern).pattern)


@lru_cache(maxsize=256)
def _program(pattern: str) -> renfa.Program:
    return renfa.compile(compile(pattern).pattern)


def _backtracks(pattern: str, text: str) -> bool:
    """Whether Python's matcher might take long: its steps grow with the text to the power of the repetitions."""
    if not text and r"\B" in pattern:
        # Python's own \B does not match the empty text.
        return True
    count, nested = _risk(pattern)
    return (nested and len(text) > 12) or max(len(text), 1) ** (count + 1) > BACKTRACKING_STEPS


def search(pattern: str, text: str) -> bool:
    """Whether a Go pattern is found anywhere in `text`. Raises ValueError for a bad pattern."""
    compiled = compile(pattern)
    if _backtracks(pattern, text):
        return renfa.search(_program(pattern), text) is not None
    return compiled.search(text) is not None


def finditer(pattern: str, text: str) -> Iterator[Match]:
    """The matches of a Go pattern in `text`, left to right. Raises ValueError for a bad pattern."""
    compiled = compile(pattern)
    if _backtracks(pattern, text):
        yield from renfa.finditer(_program(pattern), text)
        return
    last_end = -1
    for match in compiled.finditer(text):
        if match.end() > match.start() or match.start() != last_end:
            yield match
        last_end = match.end()


_REFERENCE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


def replace(pattern: str, text: str, replacement: str, literal: bool = False) -> str:
    """`ReplaceAllString`: `$1`, `${name}` and `$$` mean something in `replacement` unless `literal`.

    Raises ValueError for a bad pattern or a result of more than ten million characters.
    """
    parts: list[str] = []
    at, size = 0, 0
    for match in finditer(pattern, text):
        parts += (text[at : match.start()], replacement if literal else _expanded(match, replacement))
        size += len(parts[-1]) + len(parts[-2])
        if size > MAX_RESULT:
            raise ValueError("memory budget exceeded")
        at = match.end()
    return "".join((*parts, text[at:]))


def _expanded(match: Match, replacement: str) -> str:
    def reference(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        if name is None:
            return "$"
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except (IndexError, OverflowError):
            return ""

    return _REFERENCE.sub(reference, replacement)
