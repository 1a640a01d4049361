"""Writing suppressions: a comment for every finding that is to be accepted as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from argolint.diagnostic import Diagnostic, Edit
from argolint.patterns import lazy
from argolint.text import SourceText
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq

_OURS = lazy(r"#[ \t]*argolint:[ \t]*ignore\[([^\]\n]*)\]")


def add_ignores(text: str, findings: Iterable[Diagnostic], reason: str) -> tuple[str, list[Diagnostic]]:
    """The text with a suppression for each finding, and the findings for which no place was found.

    A finding on one line gets a comment at the end of that line; one inside a text of several lines gets a line of its
    own above the entry; one in a file that does not parse is ignored in the whole file. JSON has no comments.
    """
    source = SourceText(text)
    if text.lstrip("\ufeff \t\r\n")[:1] == "{":
        return text, list(findings)
    roots = [document.root for document in parse(text).documents if document.root is not None]
    broken = not roots or any(document.broken for document in parse(text).documents)
    trailing: dict[int, list[str]] = {}
    above: dict[int, list[str]] = {}
    whole: list[str] = []
    for item in findings:
        line = source.line_col(item.start)[0]
        if broken:
            _put(whole, item.code)
            continue
        entry, inside = _entry_at(source, roots, item.start, source.line_span(line)[1])
        if inside and entry is not None:
            _put(above.setdefault(source.line_col(entry)[0], []), item.code)
        else:
            _put(trailing.setdefault(line, []), item.code)
    edits = [_trailing(source, line, codes, reason) for line, codes in trailing.items()]
    edits += [_above(source, line, codes, reason) for line, codes in above.items()]
    if whole:
        edits.append(Edit(0, 0, f"# argolint: ignore-file[{','.join(whole)}] {reason}{source.newline()}"))
    return apply_edits(text, edits), []


def _put(codes: list[str], code: str) -> None:
    if code not in codes:
        codes.append(code)


def _entry_at(
    source: SourceText, roots: Sequence[Any], offset: int, line_end: int
) -> tuple[int | None, bool]:
    """The start of the innermost entry around an offset, and whether the end of its line lies inside a scalar."""
    node: Any = next((root for root in roots if _covers(root, offset)), None)
    start: int | None = None
    while isinstance(node, (Map, Seq)):
        found: Any = None
        places: Any = node.at
        for key, value in node.items() if isinstance(node, Map) else enumerate(node):
            at = places[key]
            if at[0] <= offset <= at[-1] and not (isinstance(node, Map) and key in node.merged):
                found = (at, value)
                break
        if found is None:
            return start, False
        at, node = found
        start = at[0]
        if not isinstance(node, (Map, Seq)):
            block = source.text[at[-2] : at[-2] + 1] in ("|", ">") and "\n" in source.text[at[-2] : at[-1]]
            return start, at[-2] < line_end < at[-1] if not block else offset > source.text.find("\n", at[-2])
    return start, False


def _covers(root: Any, offset: int) -> bool:
    return isinstance(root, (Map, Seq)) and root.span[0] <= offset <= root.span[1]


def _trailing(source: SourceText, line: int, codes: list[str], reason: str) -> Edit:
    start, end = source.line_span(line)
    text = source.text[start:end]
    ours = _OURS.search(text)
    if ours:
        # The line has a suppression already: the codes go into its brackets.
        place = start + ours.end(1)
        return Edit(place, place, ("," if ours.group(1).strip() else "") + ",".join(codes))
    stop = start + len(text.rstrip())
    return Edit(stop, end, f"  # argolint: ignore[{','.join(codes)}] {reason}")


def _above(source: SourceText, line: int, codes: list[str], reason: str) -> Edit:
    start, end = source.line_span(line)
    text = source.text[start:end]
    indent = text[: len(text) - len(text.lstrip())]
    return Edit(start, start, f"{indent}# argolint: ignore[{','.join(codes)}] {reason}{source.newline()}")
