"""From an offset in a scalar's value to the offset in the file, for all five scalar styles."""

from __future__ import annotations

from bisect import bisect_right

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX = {"x": 2, "u": 4, "U": 8}


class OffsetMap:
    """Runs of characters that are written one for one: (offset in value, offset in file), ascending."""

    __slots__ = ("_files", "_values", "end")

    def __init__(self, runs: list[tuple[int, int]], end: int) -> None:
        self._values = [run[0] for run in runs]
        self._files = [run[1] for run in runs]
        # where the scalar's content ends in the file
        self.end = end

    def source(self, offset: int) -> int:
        """The file offset at which the value's code point `offset` is written."""
        index = bisect_right(self._values, offset) - 1
        if index < 0:
            return self._files[0] if self._files else self.end
        found = self._files[index] + offset - self._values[index]
        if index + 1 < len(self._files):
            return min(found, self._files[index + 1])
        return min(found, self.end)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the file in which the value's [start, end) is written."""
        first = self.source(start)
        last = self.source(end - 1) + 1 if end > start else first
        if end > start:
            # The last character may be written as an escape: go on to where the next one starts.
            index = bisect_right(self._values, end - 1)
            if (
                index < len(self._values)
                and self._values[index] == end
                and self._values[index - 1] == end - 1
            ):
                following = self._files[index]
                if following - last <= 10:
                    last = max(last, following)
        return first, max(first, min(last, self.end))


def offset_map(text: str, start: int, end: int, style: str, value: str) -> OffsetMap:
    """The map of a scalar that is written at `text[start:end]` in a style (`""`, `'`, `"`, `|`, `>`)."""
    if style in ("|", ">"):
        runs = _block(text, start, end, value)
        return OffsetMap(runs, end)
    inner_start, inner_end = (start + 1, end - 1) if style else (start, end)
    if text[inner_start:inner_end] == value:
        return OffsetMap([(0, inner_start)], inner_end)
    runs, built = _flow(text, inner_start, inner_end, style)
    if built != value:
        runs = _aligned(text, inner_start, inner_end, value)
    return OffsetMap(runs, inner_end)


def _flow(text: str, start: int, end: int, style: str) -> tuple[list[tuple[int, int]], str]:
    """Read a plain or quoted scalar, noting where each run of characters is written."""
    runs: list[tuple[int, int]] = []
    built: list[str] = []
    length = 0
    at = start

    def put(piece: str, source: int) -> None:
        nonlocal length
        if piece:
            runs.append((length, source))
            built.append(piece)
            length += len(piece)

    while at < end:
        char = text[at]
        if char in " \t\r\n":
            stop = at
            while stop < end and text[stop] in " \t\r\n":
                stop += 1
            gap = text[at:stop]
            breaks = gap.replace("\r\n", "\n").count("\n")
            if not breaks:
                put(gap, at)
            else:
                put(" " if breaks == 1 else "\n" * (breaks - 1), at)
            at = stop
        elif style == "'" and text.startswith("''", at):
            put("'", at)
            at += 2
        elif style == '"' and char == "\\" and at + 1 < end:
            code = text[at + 1]
            if code in _HEX:
                width = _HEX[code]
                try:
                    put(chr(int(text[at + 2 : at + 2 + width], 16)), at)
                except (ValueError, OverflowError):
                    return runs, ""
                at += 2 + width
            elif code in "\r\n":
                at += 3 if text.startswith("\r\n", at + 1) else 2
                blank = at
                while at < end and text[at] in " \t\r\n":
                    at += 1
                put("\n" * text[blank:at].replace("\r\n", "\n").count("\n"), blank)
            else:
                put(_ESCAPES.get(code, code), at)
                at += 2
        else:
            stop = at + 1
            while stop < end and text[stop] not in " \t\r\n'\"\\":
                stop += 1
            put(text[at:stop], at)
            at = stop
    return _compact(runs, built), "".join(built)


def _compact(runs: list[tuple[int, int]], built: list[str]) -> list[tuple[int, int]]:
    """Leave out runs that go on where the one before ended."""
    kept: list[tuple[int, int]] = []
    previous_end = (-1, -1)
    for (value, source), piece in zip(runs, built, strict=True):
        if (value, source) != previous_end or len(piece) == 1:
            kept.append((value, source))
        previous_end = (value + len(piece), source + len(piece))
    return kept


def _block(text: str, start: int, end: int, value: str) -> list[tuple[int, int]]:
    """Line by line: each line of the source, its indentation taken off, is found again in the value."""
    header_end = text.find("\n", start, end)
    if header_end < 0:
        return [(0, end)]
    lines: list[tuple[int, str]] = []
    at = header_end + 1
    while at < end:
        stop = text.find("\n", at, end)
        stop = end if stop < 0 else stop
        lines.append((at, text[at:stop].rstrip("\r")))
        at = stop + 1
    indent = _block_indent(text[start:header_end], lines, value)
    runs: list[tuple[int, int]] = []
    position = 0
    for at, line in lines:
        content = line[indent:]
        if not content.strip():
            # Blank lines are line breaks in the value (or vanish when folded); content that follows is searched for.
            continue
        found = value.find(content, position)
        if found < 0:
            return _aligned(text, header_end + 1, end, value)
        runs.append((found, at + indent))
        position = found + len(content)
    return runs or [(0, end)]


def _block_indent(header: str, lines: list[tuple[int, str]], value: str) -> int:
    first = next((line for _, line in lines if line.strip()), "")
    indent = len(first) - len(first.lstrip(" "))
    digits = [char for char in header.partition("#")[0] if char.isdigit()]
    if digits:
        # An explicit indicator: the value's first line keeps the spaces beyond the indentation.
        kept = next((line for line in value.split("\n") if line.strip()), "")
        indent -= len(kept) - len(kept.lstrip(" "))
    return max(indent, 0)


def _aligned(text: str, start: int, end: int, value: str) -> list[tuple[int, int]]:
    """The fallback: match character by character, skipping what the value does not have."""
    runs: list[tuple[int, int]] = []
    at = start
    for i, char in enumerate(value):
        if char in " \n":
            continue
        found = text.find(char, at, end)
        if found < 0:
            break
        if not runs or runs[-1][1] + (i - runs[-1][0]) != found:
            runs.append((i, found))
        at = found + 1
    return runs or [(0, start)]
