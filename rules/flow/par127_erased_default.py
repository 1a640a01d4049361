"""PAR127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR127", "erased-default", on="spec", severity="warning", kinds=("Workflow", "CronWorkflow"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow parameter without a value hides the default of the entrypoint's input."""
    entry = spec.template_named(spec.entrypoint)
    if entry is None or spec.owner.embedded:
        return
    for item in spec.arguments.parameters:
        if item.get("value") is not None or item.get("valueFrom") is not None:
            continue
        port = entry.inputs.parameter(item.name) if item.name else None
        if port is not None and port.get("default") is not None:
            yield Finding(
                item.name_span,
                f"`{item.name}` has no value here, so the default of the entrypoint's input is not used",
                help="remove it here, or give it a value",
                related=[(port.key_span("default"), "this default")],
            )
