"""YML107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace
from argolint.yaml.nodes import Document


@rule("YML107", "unused-anchor", on="source", severity="info", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """An anchor that no alias refers to."""
    for document in file.documents:
        if not document.anchors or document.broken:
            continue
        used = _used(document)
        for name, start, end in document.anchors:
            if start in used:
                continue
            text = ctx.source.text
            stop = end
            while text[stop : stop + 1] == " ":
                stop += 1
            first = start
            if text[stop : stop + 1] in ("\r", "\n", "#", ""):
                # Nothing else is on the line: the space in front goes instead of the one behind.
                stop = end
                while text[first - 1 : first] == " ":
                    first -= 1
            yield Finding(
                Span(start, end),
                f"nothing refers to the anchor `&{name}`",
                help=f"delete it, or write `*{name}` where it was meant to be used",
                fix=replace((first, stop), ""),
            )


def _used(document: Document) -> set[int]:
    """Where the anchors stand that an alias refers to: each to the last anchor of its name before it."""
    last: dict[str, int] = {}
    used: set[int] = set()
    for at, is_alias, name in sorted(
        [(at, False, name) for name, at, _ in document.anchors]
        + [(at, True, name) for name, at, _ in document.aliases]
    ):
        if not is_alias:
            last[name] = at
        elif name in last:
            used.add(last[name])
    return used
