"""A decoded file and its lines. Offsets count code points; lines and columns count from 1."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any, Protocol

from argolint.patterns import lazy

_LINE_BREAK = lazy(r"\r\n|\n|\r")


class Searcher(Protocol):
    """A compiled pattern."""

    def search(self, text: str, /) -> Any: ...


class SourceText:
    """The text of one file, with a line index that is built when it is first asked for."""

    __slots__ = ("_mentions", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._mentions: dict[object, bool] = {}
        self._starts: list[int] | None = None

    def __len__(self) -> int:
        return len(self.text)

    def mentions(self, what: str | Searcher) -> bool:
        """Whether a word or pattern occurs anywhere. The answer is kept: a rule asks it for each object of the file."""
        found = self._mentions.get(what)
        if found is None:
            found = what in self.text if isinstance(what, str) else what.search(self.text) is not None
            self._mentions[what] = found
        return found

    @property
    def starts(self) -> list[int]:
        """The offset at which each line starts (line 1 is entry 0)."""
        starts = self._starts
        if starts is None:
            starts = [0]
            starts.extend(match.end() for match in _LINE_BREAK.finditer(self.text))
            self._starts = starts
        return starts

    @property
    def line_count(self) -> int:
        """How many lines there are; text that ends in a line break has an empty last one."""
        return len(self.starts)

    def line_col(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a code-point offset (clamped to the text)."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def offset(self, line: int, column: int = 1) -> int:
        """The inverse of `line_col`; a column past the end of the line gives the end of the line."""
        start, end = self.line_span(line)
        return min(start + column - 1, end)

    def line_span(self, line: int) -> tuple[int, int]:
        """Start and end offset of a line, without its line break."""
        starts = self.starts
        index = max(0, min(line - 1, len(starts) - 1))
        start = starts[index]
        end = starts[index + 1] if index + 1 < len(starts) else len(self.text)
        while end > start and self.text[end - 1] in "\r\n":
            end -= 1
        return start, end

    def line_text(self, line: int) -> str:
        """A line without its line break."""
        start, end = self.line_span(line)
        return self.text[start:end]

    def slice(self, start: int, end: int) -> str:
        """The text of a span."""
        return self.text[start:end]

    def indent_at(self, offset: int) -> int:
        """How many spaces the line of `offset` starts with."""
        line = self.line_text(self.line_col(offset)[0])
        return len(line) - len(line.lstrip(" "))

    def newline(self) -> str:
        """The line break this file uses (that of its first line)."""
        match = _LINE_BREAK.search(self.text)
        return match.group() if match else "\n"


def decode(data: bytes) -> tuple[str, str]:
    """Bytes of a manifest as text, and what is wrong with them ("" when nothing is).

    UTF-8 with or without a byte order mark; UTF-16 is recognised by its mark, as libyaml does.
    Bytes that are not UTF-8 become U+FFFD so that the rest of the file can still be read.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), "the file is UTF-16; Kubernetes tools expect UTF-8"
        except UnicodeDecodeError as error:
            return data.decode("utf-16", "replace"), f"the file is not valid UTF-16: {error.reason}"
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return data.decode("utf-8", "replace"), f"the file is not UTF-8: {error.reason} at byte {error.start}"
