"""SEC129."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC129", "raw-event-data", on="object", severity="warning", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A trigger parameter inserts a part of the event with its structure."""
    for feed in events.feeds(obj):
        if feed.src.get("useRawData") is True and feed.from_event and feed.level != "payload":
            yield Finding(
                feed.src.key_span("useRawData"),
                "`useRawData` lets the sender insert objects and lists, not only text",
                help="remove it, unless the place needs a number or a list and the event is trusted",
                related=[(feed.view.value_span("dest"), "written here")],
            )
