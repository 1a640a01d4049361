"""EVT134."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("EVT134", "invalid-endpoint", on="object", severity="error", fix="unsafe", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A webhook has a port or an endpoint that cannot be served."""
    for one in events.endpoints(obj):
        view = one.view
        if one.kind == "webhook" and not one.port:
            yield Finding(view.key_span("port"), f"webhook `{one.event}` has no port")
        elif one.port and is_literal(one.port) and not (one.port.isdigit() and 0 < int(one.port[:6]) < 65536):
            yield Finding(view.value_span("port"), f"`{one.port}` is no port number")
        if not one.path and one.kind == "webhook":
            yield Finding(view.key_span("endpoint"), f"webhook `{one.event}` has no endpoint")
        elif one.path and is_literal(one.path) and not one.path.startswith("/"):
            yield Finding(
                view.value_span("endpoint"),
                f"the endpoint `{one.path}` does not begin with `/`",
                fix=replace(view.value_span("endpoint"), f'"/{one.path}"')
                if not view.is_alias("endpoint")
                else None,
            )
