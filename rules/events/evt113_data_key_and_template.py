"""EVT113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT113", "data-key-and-template", on="object", severity="warning", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger parameter gives both a key and a template."""
    for feed in events.feeds(obj):
        src = feed.src
        for key, template in (("dataKey", "dataTemplate"), ("contextKey", "contextTemplate")):
            if src.get(key) and src.get(template):
                yield Finding(
                    src.key_span(key),
                    f"`{template}` wins over `{key}`, which is used only when the template gives nothing",
                    related=[(src.key_span(template), "the template")],
                )
        if src.get("dataKey") and src.get("contextKey"):
            yield Finding(
                src.key_span("dataKey"), "both `contextKey` and `dataKey` are given: one of them is not used"
            )
