"""EVT132."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context, Scalar
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_INPUT = lazy(
    r"\{\{-?\s*\.Input\b[^{}]*\}\}|\{\{-?\s*(?:\.body|\.header|\.headers|\.Event|event\.|events\.|sensor\.)[^{}]*\}\}"
)


@rule("EVT132", "event-tag-in-resource", on="scalar", severity="error", fix="unsafe")
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """A resource in a Sensor holds `{{ .Input… }}`, which nobody replaces there."""
    obj = scalar.object
    if obj is None or obj.parent is None or obj.parent.kind != "Sensor":
        return
    fix = events.feed_edits(scalar, ctx.source) if ".Input" in scalar.value else None
    for match in _INPUT.finditer(scalar.value):
        path = match.group().strip("{}- ").removeprefix(".Input").removeprefix(".") or "body"
        where = scalar.where.partition(".source.resource.")[2].replace("[", ".").replace("]", "") or "spec.…"
        yield Finding(
            scalar.part(*match.span()),
            f"`{match.group()}` is not replaced here: the object is created with this very text",
            help=f"add to the trigger `parameters: [{{src: {{dependencyName: …, dataKey: {path}}}, dest: {where}}}]`",
            fix=fix,
        )
        fix = None  # one repair for the whole string
