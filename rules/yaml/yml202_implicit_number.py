"""YML202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.plainvalues import as_text, plain_texts
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace


@rule("YML202", "implicit-number", on="object", severity="warning", fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A number without quotes that arrives as another text: `1.10` as `1.1`, `010` as `8`."""
    for found in plain_texts(obj, ctx.source):
        text = as_text(found.value)
        if text is not None and text != found.written:
            yield Finding(
                found.span,
                f"`{found.written}` without quotes is a number: the workflow gets `{text}`",
                help=f"write {quote(found.written)}, or `{text}` if that is meant",
                fix=replace(found.span, quote(found.written)),
            )
