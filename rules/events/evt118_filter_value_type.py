"""EVT118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language import goregex
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Seq

_TIME = lazy(r"([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d\Z")


def _wrong(kind: str, value: str) -> str:
    """Why a value is not of its filter's type; "" when it is."""
    if kind == "number":
        try:
            float(value)
        except ValueError:
            return f"`{value}` is no number"
    elif kind == "bool" and value not in (
        "1",
        "t",
        "T",
        "TRUE",
        "true",
        "True",
        "0",
        "f",
        "F",
        "FALSE",
        "false",
        "False",
    ):
        return f"`{value}` is neither true nor false"
    elif kind == "string":
        try:
            goregex.compile(value)
        except ValueError as error:
            return f"values of type string are regular expressions: {error}"
    return ""


@rule("EVT118", "filter-value-type", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A data or time filter holds a value that cannot be compared."""
    for dependency in dependencies(obj):
        filters = dependency.mapping("filters")
        for view in filters.items("data"):
            kind = view.get("type")
            values = view.sequence("value")
            if "value" in view and isinstance(view.get("value"), Seq) and not values:
                yield Finding(
                    view.key_span("value"),
                    "this filter has no value to compare with, so that no event passes",
                )
            for i, value in enumerate(values):
                reason = (
                    _wrong(kind, value)
                    if isinstance(value, str) and isinstance(kind, str) and "{{" not in value
                    else ""
                )
                if reason:
                    yield Finding(view.item_span("value", i), reason)
        time = filters.mapping("time")
        for key in ("start", "stop"):
            value = time.get(key)
            if isinstance(value, str) and is_literal(value) and not _TIME.match(value):
                yield Finding(time.value_span(key), f"`{value}` is no time of day: write `HH:MM:SS`")
