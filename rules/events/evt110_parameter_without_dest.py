"""EVT110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT110", "parameter-without-dest", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger parameter does not say where its value goes, or does not say where it comes from."""
    for feed in events.feeds(obj):
        view = feed.view
        if feed.level != "payload" and not feed.dest:
            yield Finding(
                view.head, "this parameter has no `dest`", help="such as `spec.arguments.parameters.0.value`"
            )
        if "src" not in view:
            yield Finding(view.head, "this parameter has no `src`")
