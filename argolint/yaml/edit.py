"""Repairs as text edits. Nothing is ever dumped: what an edit does not touch stays byte for byte as it was."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any

from argolint.diagnostic import Edit
from argolint.text import SourceText
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq
from argolint.yaml.resolve import HINTS, resolve_plain

_PLAIN = re.compile(r"[A-Za-z0-9_./$(][^\n\r]*\Z")


def replace(span: tuple[Any, ...], text: str) -> list[Edit]:
    """Replace the text of a span."""
    return [Edit(span[0], span[1], text)]


def insert(offset: int, text: str) -> list[Edit]:
    """Insert text before an offset."""
    return [Edit(offset, offset, text)]


def quote(text: str) -> str:
    """A string as a double-quoted scalar."""
    escaped = (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\t", "\\t")
        .replace("\r", "\\r")
    )
    return f'"{escaped}"'


def scalar(text: str) -> str:
    """A string as the simplest scalar that is read back as that string."""
    if (
        _PLAIN.match(text)
        and text == text.strip()
        and ": " not in text
        and " #" not in text
        and not text.endswith(":")
        and not (text[0] in HINTS and not isinstance(resolve_plain(text), str))
    ):
        return text
    return quote(text)


def line_start(source: SourceText, offset: int) -> int:
    """Where the line of `offset` starts."""
    return source.line_span(source.line_col(offset)[0])[0]


def whole_lines(source: SourceText, start: int, end: int) -> tuple[int, int]:
    """The span widened to whole lines, the last line break included."""
    first = line_start(source, start)
    line = source.line_col(max(start, end - 1))[0]
    last = source.starts[line] if line < source.line_count else len(source)
    return first, last


def delete_lines(source: SourceText, start: int, end: int) -> list[Edit]:
    """Delete every line that the span touches."""
    return [Edit(*whole_lines(source, start, end), "")]


def delete_key(source: SourceText, node: Map, key: str) -> list[Edit]:
    """Delete an entry of a mapping: its lines in block style, with its comma in flow style.

    The last entry of a block mapping is replaced by `{}`, since a mapping without entries cannot be written otherwise.
    """
    key_start, key_end, _, value_end = node.at[key]
    end = max(key_end, value_end)
    if node.flow:
        return _delete_flow(source.text, key_start, end)
    others = [at for name, at in node.at.items() if name != key and name not in node.merged]
    if not others:
        return [Edit(key_start, end, "{}")]
    first = line_start(source, key_start)
    prefix = source.text[first:key_start]
    if prefix.strip():
        # `- key: value`: the dash stays, the next entry moves up to it.
        after = min((at[0] for at in others if at[0] > key_start), default=None)
        if after is not None:
            return [Edit(key_start, after, "")]
        return [Edit(key_start, end, "")]
    return delete_lines(source, key_start, end)


def _delete_flow(text: str, start: int, end: int) -> list[Edit]:
    after = re.compile(r"\s*,\s*").match(text, end)
    if after:
        return [Edit(start, after.end(), "")]
    before = re.search(r",\s*\Z", text[:start])
    return [Edit(before.start() if before else start, end, "")]


def delete_item(source: SourceText, node: Seq, index: int) -> list[Edit]:
    """Delete an item of a sequence: its lines with the dash in block style, with its comma in flow style."""
    start, end = node.at[index]
    if node.flow:
        return _delete_flow(source.text, start, end)
    if len(node) == 1:
        return [Edit(node.span[0], node.span[1], "[]")]
    dash = source.text.rfind("-", line_start(source, start), start) if index or start else start
    first = line_start(source, start)
    if source.text[first:dash].strip():
        # A compact `- - x`: only the inner item's text goes, up to the next item's dash.
        following = node.at[index + 1][0] if index + 1 < len(node) else end
        following_dash = source.text.rfind("-", start, following) if index + 1 < len(node) else end
        return [Edit(dash, following_dash, "")]
    return delete_lines(source, start, end)


def add_key(source: SourceText, node: Map, key: str, value: str, *, after: str = "") -> list[Edit]:
    """Add `key: value` to a mapping, behind the entry `after` (default: as the last entry).

    `value` is YAML as it is to be written; lines after its first are indented along.
    """
    if node.flow or not node.at:
        inside = node.span[1] - 1
        empty = not node.at
        return [Edit(inside, inside, f"{key}: {value}" if empty else f", {key}: {value}")]
    own = {name: at for name, at in node.at.items() if name not in node.merged} or node.at
    anchor = own.get(after) or list(own.values())[-1]
    column = source.line_col(next(iter(own.values()))[0])[1] - 1
    end = max(anchor[1], anchor[3])
    line = source.line_col(max(anchor[0], end - 1))[0]
    stop = source.line_span(line)[1]
    newline = source.newline()
    indent = " " * column
    body = f"{newline}{indent}".join(f"{key}: {value}".split("\n"))
    body = body.replace(f"{key}: {newline}", f"{key}:{newline}", 1)
    return [Edit(stop, stop, f"{newline}{indent}{body}")]


def reindent(source: SourceText, start: int, end: int, by: int) -> list[Edit]:
    """Shift every line that starts within the span by `by` columns (blank lines stay; never past column 1)."""
    edits: list[Edit] = []
    first = source.line_col(start)[0]
    if source.line_span(first)[0] < start:
        first += 1
    for line in range(first, source.line_col(max(start, end - 1))[0] + 1):
        line_from, line_to = source.line_span(line)
        content = source.text[line_from:line_to]
        if not content.strip():
            continue
        if by >= 0:
            edits.append(Edit(line_from, line_from, " " * by))
        else:
            spaces = min(-by, len(content) - len(content.lstrip(" ")))
            edits.append(Edit(line_from, line_from + spaces, ""))
    return edits


def overlap(edits: Iterable[Edit]) -> bool:
    """Whether two of the edits touch the same text."""
    ordered = sorted(edits)
    return any(b.start < a.end or (a.start == b.start and a.end == b.end) for a, b in pairwise(ordered))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made. Insertions at one place keep their order. Raises ValueError when they overlap."""
    pieces: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda item: (item.start, item.end)):
        if edit.start < at:
            raise ValueError(f"edits overlap at offset {edit.start}")
        pieces.append(text[at : edit.start])
        pieces.append(edit.text)
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)


def verify(old: str, new: str, edits: Iterable[Edit]) -> bool:
    """Whether `new` parses at least as well as `old` and no entry outside the edited stretches changed its value.

    An entry is outside when its text does not touch an edit; it must be found in the new text, moved by as
    much as the edits before it, with the same value.
    """
    ordered = sorted(edits)
    before, after = parse(old), parse(new)
    broken = sum(document.broken for document in after.documents)
    if broken > sum(document.broken for document in before.documents):
        return False
    # Edits do not overlap, so their ends are in order, too.
    starts, ends = [edit.start for edit in ordered], [edit.end for edit in ordered]
    shifts = [0, *accumulate(len(edit.text) - (edit.end - edit.start) for edit in ordered)]
    kept = _leaves(after.documents)
    blocks: set[str] | None = None
    for (start, end), value in _leaves(before.documents).items():
        nearest = bisect_right(starts, end) - 1
        if nearest >= 0 and ends[nearest] >= start:
            continue
        shift = shifts[bisect_right(ends, start)]
        found = kept.get((start + shift, end + shift), _MISSING)
        if found is _MISSING or found != value:
            # A block scalar that was moved as a whole keeps its value but not its length.
            if not (isinstance(value, str) and "\n" in value):
                return False
            if blocks is None:
                blocks = {other for other in kept.values() if isinstance(other, str) and "\n" in other}
            if value not in blocks:
                return False
    return True


_MISSING = object()


def _leaves(documents: Iterable[Any]) -> dict[tuple[int, int], Any]:
    """(start, end) -> value of every scalar, that of an alias included: it changes with its anchor."""
    found: dict[tuple[int, int], Any] = {}
    pending: list[Any] = [document.root for document in documents]
    while pending:
        node = pending.pop()
        if isinstance(node, Map):
            for key, value in node.items():
                if key in node.merged:
                    continue
                if isinstance(value, (Map, Seq)):
                    if key not in node.aliases:
                        pending.append(value)
                else:
                    at = node.at[key]
                    found[at[2], at[3]] = value
        elif isinstance(node, Seq):
            for i, value in enumerate(node):
                if isinstance(value, (Map, Seq)):
                    if i not in node.aliases:
                        pending.append(value)
                else:
                    found[node.at[i]] = value
    return found
