"""SEC146."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC146", "event-decides-url", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The event decides which URL a trigger calls, or which of its settings hold."""
    for feed in events.feeds(obj):
        if feed.trigger.type == "k8s" or feed.level == "payload" or not feed.from_event:
            continue
        path = feed.dest.removeprefix(f"{feed.trigger.type}.") if feed.level == "template" else feed.dest
        if feed.trigger.type == "http" and path in ("url", "method"):
            yield Finding(
                feed.view.value_span("dest"),
                f"the event decides the `{path}` of the call: whoever sends it reaches services inside the cluster",
                help="write it down, and put values of the event into `payload`",
                related=[(feed.source_span, "from the event")],
                severity="error" if path == "url" else "warning",
            )
