"""EVT131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import dependencies
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("EVT131", "conflicting-transform", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A dependency transforms its events in two ways, or in none."""
    for view in dependencies(obj):
        transform = view.mapping("transform")
        if "transform" not in view or not isinstance(view.get("transform"), Map):
            continue
        jq, script = transform.get("jq"), transform.get("script")
        if jq and script:
            yield Finding(
                transform.key_span("script"),
                "`jq` is given too: a transform has one of `jq` and `script`",
                related=[(transform.key_span("jq"), "the jq program")],
            )
        for key in ("jq", "script"):
            text = transform.text(key)
            closed = events.unbalanced(text) if key == "jq" and text else ""
            if closed:
                yield Finding(transform.value_span(key), f"jq: {closed}")
