"""EVT115."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from argolint.context import Context
from argolint.language import expr, govaluate
from argolint.language.errors import LanguageError
from argolint.model.events import dependencies, event_names
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule


def _parsers(obj: Object) -> Iterator[tuple[View, str, Callable[[str], object]]]:
    if obj.kind == "EventSource":
        for kind, _, settings in event_names(obj):
            if kind not in ("resource", "minio"):
                yield settings.mapping("filter"), "expression", expr.parse
        return
    for dependency in dependencies(obj):
        for view in dependency.mapping("filters").items("exprs"):
            yield view, "expr", _govaluate


def _govaluate(text: str) -> object:
    return govaluate.parse(text, bare_words=False)


@rule(
    "EVT115",
    "filter-expression-syntax",
    on="object",
    severity="error",
    kinds=(
        "Sensor",
        "EventSource",
    ),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A filter's expression does not parse."""
    for view, key, parse in _parsers(obj):
        scalar = ctx.scalar(view, key)
        if scalar is None or "{{" in scalar.value:
            continue
        text = scalar.value
        try:
            parse(text)
        except LanguageError as error:
            start = max(min(error.start, len(text) - 1), 0)
            yield Finding(scalar.part(start, max(error.end, start + 1)), error.message)
