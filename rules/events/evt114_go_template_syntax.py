"""EVT114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.language import gotemplate
from argolint.language.errors import LanguageError
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_FIELD = lazy(r"\{\{-?\s*(\.[A-Za-z_]\w*)")


@rule("EVT114", "go-template-syntax", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Go template of a Sensor does not parse, or never reads the event."""
    places: list[tuple[View, str]] = []
    for feed in events.feeds(obj):
        places += [(feed.src, "dataTemplate"), (feed.src, "contextTemplate")]
    for dependency in dependencies(obj):
        places += [(view, "template") for view in dependency.mapping("filters").items("data")]
    for view, key in places:
        scalar = ctx.scalar(view, key)
        if scalar is None or not scalar.value:
            continue
        text = scalar.value
        try:
            gotemplate.parse(text)
        except LanguageError as error:
            start = max(min(error.start, len(text) - 1), 0)
            yield Finding(scalar.part(start, max(error.end, start + 1)), f"Go template: {error.message}")
            continue
        field = _FIELD.search(text)
        if field is not None and ".Input" not in text:
            yield Finding(
                scalar.part(*field.span(1)),
                f"the event is below `.Input`: `{field.group(1)}` is nothing",
                help=f"write `.Input{field.group(1)}`",
            )
