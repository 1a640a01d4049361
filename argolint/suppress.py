"""Suppressions: comments and annotations that say which findings are accepted, where, and why.

image: x:latest  # argolint: ignore[SEC101] pinned by the registry      (this line)
# argolint: ignore[REF101,unused-template] generated elsewhere           (the next node and all below it)
# argolint: ignore-file[STY] vendored                                    (the whole file)
# argolint: disable[SEC] generated … # argolint: enable[SEC]              (from here to there, or to the end of the file)
metadata: {annotations: {argolint.dev/ignore: "SEC101 reason"}}          (the whole object)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, NamedTuple

from argolint.context import File
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.yaml.nodes import Map, Seq

ANNOTATION = "argolint.dev/ignore"
_DIRECTIVE = lazy(
    r"#[ \t]*argolint:[ \t]*(ignore-file|ignore|disable|enable)(?:\[([^\]\n]*)\])?[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
_MARK = "argolint:"


class Suppression(NamedTuple):
    """One directive. `selectors` is empty when it covers every rule; `[start, end)` is what it covers."""

    selectors: tuple[str, ...]
    reason: str
    form: str  # line, node, file, block or annotation
    start: int
    end: int
    at_start: int
    at_end: int

    @property
    def span(self) -> Span:
        """Where the directive is written."""
        return Span(self.at_start, self.at_end)


def suppressions_of(file: File) -> list[Suppression]:
    """Every suppression of a file, in the order in which they are written."""
    text = file.text
    found: list[Suppression] = []
    if _MARK in text:
        found.extend(_comments(file))
    if ANNOTATION in text:
        for objects in file.objects:
            for obj in objects:
                found.extend(_annotation(obj))
    found.sort(key=lambda item: item.at_start)
    return found


def _comments(file: File) -> list[Suppression]:
    text, source = file.text, file.source
    found: list[Suppression] = []
    for match in _DIRECTIVE.finditer(text):
        line = source.line_col(match.start())[0]
        line_start, line_end = source.line_span(line)
        before = text[line_start : match.start()]
        if before and not before[-1].isspace():
            continue  # a `#` inside a word starts no comment
        if _inside_scalar(file, match.start()):
            continue
        form = match.group(1).lower()
        # `ignore CODE` is taken as it was meant, and reported as malformed.
        selectors = _selectors(match.group(2)) if match.group(2) is not None else _bare_codes(match.group(3))
        reason = match.group(3).strip()
        at = (match.start(), match.start() + len(match.group().rstrip()))
        if form in ("disable", "enable") and before.strip():
            continue  # a block starts and ends on lines of their own
        if form == "enable":
            _close(found, selectors, match.start())
        elif form == "disable":
            found.append(Suppression(selectors, reason, "block", line_start, len(text) + 1, *at))
        elif form == "ignore-file":
            found.append(Suppression(selectors, reason, "file", 0, len(text) + 1, *at))
        elif before.strip():
            found.append(Suppression(selectors, reason, "line", line_start, line_end, *at))
        else:
            start, end = _next_node(file, line_end)
            found.append(Suppression(selectors, reason, "node", start, end, *at))
    return found


def _close(found: list[Suppression], selectors: tuple[str, ...], offset: int) -> None:
    """End the innermost open block with these selectors (any open block, when `enable` names none)."""
    for i in range(len(found) - 1, -1, -1):
        item = found[i]
        if item.form == "block" and item.end > offset and (not selectors or item.selectors == selectors):
            found[i] = item._replace(end=offset)
            return


_ANY = lazy(r"#[ \t]*argolint:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CODE = lazy(r"[A-Z]{3}\d{0,3}$")


def malformed(file: File) -> list[tuple[Span, str, str]]:
    """Comments that are meant as directives and are none: (place, what is wrong, how to write it, or "")."""
    text = file.text
    found: list[tuple[Span, str, str]] = []
    if _MARK not in text.lower():
        return found
    for match in _ANY.finditer(text):
        if _inside_scalar(file, match.start()):
            continue
        span = Span(match.start(), match.start() + len(match.group().rstrip()))
        directive = _DIRECTIVE.match(text, match.start())
        if directive is None:
            word = match.group(1).split("[")[0].split("=")[0].split()[:1]
            found.append((span, f"`{word[0] if word else ''}` is not a directive of argolint", ""))
        elif directive.group(1).lower() in ("disable", "enable") and not _own_line(text, match.start()):
            found.append((span, f"`{directive.group(1)}` needs a line of its own", ""))
        elif directive.group(2) is None and directive.group(1).lower() != "enable":
            codes = _bare_codes(directive.group(3))
            if codes:
                rest = directive.group(3).strip().lstrip("=: ").removeprefix(codes[0]).strip(" ,")
                form = directive.group(1).lower()
                right = f"# argolint: {form}[{codes[0]}]" + (f" {rest}" if rest else "")
                found.append((span, f"the code {codes[0]} needs brackets", right))
    return found


def _own_line(text: str, offset: int) -> bool:
    return not text[text.rfind("\n", 0, offset) + 1 : offset].strip()


def _bare_codes(reason: str) -> tuple[str, ...]:
    """The rule code that stands where a reason was expected, if any."""
    words = reason.replace(",", " ").replace("=", " ").replace(":", " ").split()[:1]
    return tuple(word for word in words if _CODE.match(word))


def _selectors(listed: str | None) -> tuple[str, ...]:
    return tuple(item.strip() for item in (listed or "").split(",") if item.strip())


def _annotation(obj: Object) -> list[Suppression]:
    value = obj.annotations.get(ANNOTATION)
    if not isinstance(value, str):
        return []
    codes, _, reason = value.strip().partition(" ")
    at = obj.annotations.entry_span(ANNOTATION)
    start, end = obj.map.span
    return [Suppression(_selectors(codes), reason.strip(), "annotation", start, end + 1, at.start, at.end)]


def _inside_scalar(file: File, offset: int) -> bool:
    """Whether an offset lies inside a scalar, where `#` starts no YAML comment."""
    for document in file.documents:
        if document.start <= offset <= document.end and document.root is not None:
            return _scalar_at(document.root, offset)
    return False


def _scalar_at(node: Any, offset: int) -> bool:
    while isinstance(node, (Map, Seq)):
        inner: Any = _MISSING
        if isinstance(node, Map):
            for key, at in node.at.items():
                if at[2] <= offset < at[3]:
                    inner = node[key]
                    break
        else:
            i = bisect_right(node.at, (offset, _FAR)) - 1
            if i >= 0 and offset < node.at[i][1]:
                inner = node[i]
        if inner is _MISSING:
            return False
        if not isinstance(inner, (Map, Seq)):
            return True
        node = inner
    return False


_FAR = 1 << 62
_MISSING = object()


def _next_node(file: File, offset: int) -> tuple[int, int]:
    """The span of the first entry (key with its value, or item) that starts after `offset`."""
    for document in file.documents:
        if document.root is not None and document.end > offset:
            best = _first_after(document.root, offset)
            if best is not None:
                return best
    # Nothing parsed there: cover the next line.
    line = file.source.line_col(offset)[0] + 1
    return file.source.line_span(line)


def _first_after(node: Any, offset: int) -> tuple[int, int] | None:
    """The outermost entry among those that start first at or after `offset`."""
    best: tuple[int, int] | None = None
    while isinstance(node, (Map, Seq)):
        found, node = _entries_around(node, offset)
        if found is not None and (
            best is None or found[0] < best[0] or (found[0] == best[0] and found[1] > best[1])
        ):
            best = found
    return best


def _entries_around(node: Map | Seq, offset: int) -> tuple[tuple[int, int] | None, Any]:
    """The first entry that starts at or after `offset`, and the value of the entry that `offset` lies in."""
    if isinstance(node, Seq):
        i = bisect_right(node.at, (offset, -1))
        around = node[i - 1] if i and node.at[i - 1][1] > offset and i - 1 not in node.aliases else None
        return (node.at[i] if i < len(node.at) else None), around
    first: tuple[int, int] | None = None
    around = None
    for key, at in node.at.items():
        if key in node.merged:
            continue
        end = max(at[1], at[3])
        if at[0] >= offset:
            if first is None or at[0] < first[0]:
                first = (at[0], end)
        elif end > offset and key not in node.aliases:
            around = node[key]
    return first, around
