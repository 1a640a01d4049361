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
_REFUSED = re.compile(r"\(\?(?:[=!#>(]|<[=!]|P=)|\\[1-9]")
_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\t\n\v\f\r ",
    "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "word": r"0-9A-Za-z_", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "print": r" -~", "graph": r"!-~", "ascii": r"\x00-\x7f",
}  # fmt: skip


@lru_cache(maxsize=1024)
def compile(pattern: str) -> re.Pattern[str]:
    """A Go pattern as a Python one. Raises ValueError with Go's wording."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError("error parsing regexp: expression too large")
    refused = _REFUSED.search(pattern)
    if refused and not _escaped(pattern, refused.start()):
        raise ValueError(f"error parsing regexp: invalid or unsupported Perl syntax: `{refused.group()}`")
    try:
        return re.compile(_translate(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"error parsing regexp: {error}: `{pattern}`") from None


def _escaped(pattern: str, at: int) -> bool:
    count = 0
    while at - count > 0 and pattern[at - count - 1] == "\\":
        count += 1
    return count % 2 == 1


def _translate(pattern: str) -> str:
    parts: list[str] = []
    at, in_class = 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            escape, at = _escape(pattern, at)
            parts.append(escape)
            continue
        if in_class and char == "[":
            named = re.compile(r"\[:(\^?)(\w+):\]").match(pattern, at)
            if named and named.group(2) in _CLASSES and not named.group(1):
                parts.append(_CLASSES[named.group(2)])
                at = named.end()
                continue
            parts.append(r"\[")
        elif char == "[" and not in_class:
            in_class = True
            parts.append("[")
            if pattern.startswith("^", at + 1):
                parts.append("^")
                at += 1
            if pattern.startswith("]", at + 1):
                parts.append(r"\]")
                at += 1
        elif char == "]" and in_class:
            in_class = False
            parts.append("]")
        elif char == "$" and not in_class and "(?m" not in pattern:
            parts.append(r"\Z")
        elif pattern.startswith("(?<", at) and not in_class:
            parts.append("(?P<")
            at += 2
        elif in_class and char in "&|~" and pattern.startswith(char, at + 1):
            parts.append("\\" + char)
        else:
            parts.append(char)
        at += 1
    return "".join(parts)


def _escape(pattern: str, at: int) -> tuple[str, int]:
    following = pattern[at + 1 : at + 2]
    if following == "z":
        return r"\Z", at + 2
    if following == "Z":
        raise ValueError(r"error parsing regexp: invalid escape sequence: `\Z`")
    if following == "Q":
        end = pattern.find(r"\E", at + 2)
        return (
            (re.escape(pattern[at + 2 :]), len(pattern))
            if end < 0
            else (re.escape(pattern[at + 2 : end]), end + 2)
        )
    braced = re.compile(r"\\x\{([0-9a-fA-F]{1,6})\}").match(pattern, at)
    if braced and int(braced.group(1), 16) <= 0x10FFFF:
        return re.escape(chr(int(braced.group(1), 16))), braced.end()
    return pattern[at : at + 2], at + 2


Match = re.Match[str] | renfa.Match


@lru_cache(maxsize=1024)
def _risk(pattern: str) -> tuple[int, bool]:
    return renfa.is_risky(compile(pattern).pattern)


@lru_cache(maxsize=256)
def _program(pattern: str) -> renfa.Program:
    return renfa.compile(compile(pattern).pattern)


def _backtracks(pattern: str, text: str) -> bool:
    """Whether Python's matcher might take long: its steps grow with the text to the power of the repetitions."""
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
