"""YML204."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.context import Context, DocumentView
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace
from argolint.yaml.nodes import Map, Seq

_READINGS = (
    (lazy(r"(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)\Z"), "a boolean for YAML 1.1, text for YAML 1.2"),
    (lazy(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z"), "a number of base 60 for YAML 1.1, text for others"),
    (lazy(r"[-+]?0[0-7_]+\Z"), "octal for YAML 1.1, decimal for YAML 1.2"),
    (lazy(r"[-+]?0o[0-7_]+\Z"), "octal for YAML 1.2, text for YAML 1.1"),
    (lazy(r"[-+]?[0-9]+_[0-9_]*\Z"), "a number for YAML 1.1, text for YAML 1.2"),
    (lazy(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"), "a date for YAML 1.1, text for others"),
)  # fmt: skip


@rule("YML204", "parser-disagreement", on="document", severity="info", default=False, fix="unsafe")
def check(document: DocumentView, ctx: Context) -> Iterator[Finding]:
    """A plain scalar that YAML 1.1, YAML 1.2 and the cluster's parser read differently."""
    pending: list[Any] = [document.root]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if not isinstance(node, (Map, Seq)) or id(node) in seen:
            continue
        seen.add(id(node))
        places: Any = node.at
        for key, value in list(node.items()) if isinstance(node, Map) else list(enumerate(node)):
            if isinstance(value, (Map, Seq)):
                pending.append(value)
            elif value is not None and key not in node.styles and key not in node.aliases:
                at = places[key]
                written = ctx.source.slice(at[-2], at[-1])
                reading = next((text for regex, text in _READINGS if regex.match(written)), "")
                if reading:
                    span = Span(at[-2], at[-1])
                    yield Finding(
                        span,
                        f"`{written}` is {reading}",
                        help=f"write {quote(written)} for the text",
                        fix=replace(span, quote(written)),
                    )
