"""PAR121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import flow
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_item


@rule("PAR121", "shadowed-default", on="spec", severity="info", default=False, fix="safe")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An argument says what the default says."""
    for call in flow.calls(spec, None):
        items = call.arguments.sequence("parameters")
        for index, item in enumerate(call.arguments.parameters):
            port = call.callee.inputs.get(item.name)
            value = item.get("value")
            if (
                port is None
                or port.required
                or not isinstance(value, str)
                or "{{" in value
                or port.value != value
            ):
                continue
            plain = (
                len(items) > 1
                and len(items) == len(call.arguments.parameters)
                and not call.arguments.is_alias("parameters")
            )
            yield Finding(
                item.name_span,
                f"`{value}` is the default of `{item.name}` already",
                help="leave the argument out",
                related=[((port.start, port.end), "the input")],
                fix=delete_item(ctx.source, items, index) if plain else None,
            )
