"""EVT121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("EVT121", "jetstream-replicas", on="object", severity="error", kinds=("EventBus",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A JetStream EventBus with a number of replicas that it cannot have."""
    jetstream = obj.spec.mapping("jetstream")
    replicas = jetstream.get("replicas")
    if isinstance(replicas, int) and (replicas == 2 or replicas <= 0):
        yield Finding(
            jetstream.value_span("replicas"),
            f"a JetStream bus cannot have {replicas} replicas",
            help="1 for a test, 3 or more otherwise: a majority must survive the loss of one",
        )
    native = obj.spec.mapping("nats").mapping("native")
    if isinstance(native.get("replicas"), int) and 0 < native.get("replicas") < 3:
        yield Finding(
            native.value_span("replicas"),
            "a native NATS bus has at least 3 replicas: 3 are started",
            severity="warning",
        )
