"""All the mistakes of a text that its author could mend one by one, not only the first.

A parser stops at the first. Here the text is mended there in each of a few ways, and parsed again; the way that gets furthest is
kept. What comes to light further on is a mistake of its own; what shows up no further than before is a consequence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from argolint.language.errors import LanguageError

MAX_ERRORS = 8
MAX_TEXT = 2000

Edit = tuple[int, int, str]


def gather(
    parse: Callable[[str], Any], text: str, repairs: Callable[[str, LanguageError], Iterable[Edit]]
) -> list[LanguageError]:
    """The mistakes of `text` in order, by their places in it; none if it parses.

    `repairs` gives, for a text and its first mistake, the edits to try: (start, end, what stands there instead).
    """
    found: list[LanguageError] = []
    origin = list(range(len(text) + 1))
    current = text
    error = _attempt(parse, current)
    while error is not None:
        start, end = (origin[min(offset, len(current))] for offset in (error.start, error.end))
        if found and start <= found[-1].start:
            break
        found.append(type(error)(error.message, start, end) if type(error) is LanguageError else error)
        if len(found) == MAX_ERRORS or len(text) > MAX_TEXT or "too" in error.message:
            # Too deep, too long, too large: nothing to be mended in one place.
            break
        best: tuple[int, Edit, LanguageError | None] | None = None
        for edit in repairs(current, error):
            left, right, new = edit
            after = _attempt(parse, current[:left] + new + current[right:])
            reach = len(current) + 1 if after is None else after.start - len(new) + right - left
            if best is None or reach > best[0]:
                best = (reach, edit, after)
        if best is None or best[0] <= error.start:
            break
        _, (left, right, new), error = best
        current = current[:left] + new + current[right:]
        origin[left:right] = [origin[left]] * len(new)
    return found


def _attempt(parse: Callable[[str], Any], text: str) -> LanguageError | None:
    try:
        parse(text)
    except LanguageError as error:
        return error
    return None


def expression_repairs(text: str, error: LanguageError) -> Iterator[Edit]:
    """What may be missing from, or too much in, an expression."""
    start, end = error.start, error.end
    if "not terminated" in error.message:
        yield len(text), len(text), text[start]
        yield start, len(text), "''"
        return
    if text[start:end] == "=":
        yield start, end, "=="
    if "coalesce" in error.message:
        yield start, end, "??"
    if end > start:
        yield start, end, " "
        yield start, end, " _ "
        yield start, end, " {_} "
    for missing in (" _ ", " + ", ", ", ")", "]", "}", " : ", " _}", "; ", " = "):
        yield start, start, missing


def depends_repairs(text: str, error: LanguageError) -> Iterator[Edit]:
    """The same for a `depends`."""
    start, end = error.start, error.end
    if end > start:
        for new in ("Succeeded", " && ", " ", " t "):
            yield start, end, new
    for missing in (" && ", " t ", ")"):
        yield start, start, missing
