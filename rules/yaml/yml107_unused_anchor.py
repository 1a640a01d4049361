"""YML107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context, File
from argolint.model.view import Span
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("YML107", "unused-anchor", on="source", severity="info", fix="safe")
def check(file: File, ctx: Context) -> Iterator[Finding]:
    """An anchor that no alias refers to."""
    for document in file.documents:
        if not document.anchors or document.broken:
            continue
        for i, (name, start, end) in enumerate(document.anchors):
            # An anchor counts up to where the same name is given again.
            until = next(
                (at for other, at, _ in document.anchors[i + 1 :] if other == name), document.end + 1
            )
            if any(alias == name and start < at < until for alias, at, _ in document.aliases):
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
