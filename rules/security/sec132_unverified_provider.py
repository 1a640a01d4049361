"""SEC132."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("SEC132", "unverified-provider", on="object", severity="warning", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The endpoint of a provider does not check who sends."""
    for kind, name, view in event_names(obj):
        key = events.VERIFIERS.get(kind)
        if key is not None and not view.get(key) and (kind == "slack" or "webhook" in view):
            yield Finding(
                obj.spec.mapping(kind).key_span(name),
                f"`{name}` does not check that events come from {kind}",
                help=f"add `{key}: {{name: …, key: …}}`",
            )
        elif kind == "sns" and view.get("validateSignature") is False:
            yield Finding(
                view.value_span("validateSignature"), f"`{name}` does not check the signature of its messages"
            )
