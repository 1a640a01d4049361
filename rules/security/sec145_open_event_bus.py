"""SEC145."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC145", "open-event-bus", on="object", severity="info", default=False, kinds=("EventBus",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An EventBus takes messages from anybody in the cluster."""
    native = obj.spec.mapping("nats").mapping("native")
    if native.get("auth") == "none":
        yield Finding(
            native.value_span("auth"),
            "every pod that reaches this bus may read and send events",
            help="set `auth: token`",
        )
