"""SEC120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key, scalar


@rule(
    "SEC120", "unauthenticated-webhook", on="object", severity="warning", fix="unsafe", kinds=("EventSource",)
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A webhook takes events from anybody."""
    secret = f"{obj.name}-token"
    for kind, name, view in event_names(obj):
        if kind != "webhook" or view.get("authSecret"):
            continue
        yield Finding(
            obj.spec.mapping(kind).key_span(name),
            f"webhook `{name}` takes events from anybody who reaches its port",
            help="add `authSecret: {name: …, key: …}` and make that Secret in the namespace of the EventSource (the repair"
            " writes its name, not the Secret); senders then send its token as a bearer token",
            fix=add_key(ctx.source, view.map, "authSecret", f"{{name: {scalar(secret)}, key: token}}")
            if obj.name and view.map.at and not view.map.merged and "authSecret" not in view
            else None,
        )
