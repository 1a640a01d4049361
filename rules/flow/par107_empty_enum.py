"""PAR107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("PAR107", "empty-enum", on="spec", severity="error", keys=("enum",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """An `enum` that allows nothing."""
    items = list(spec.arguments.parameters)
    for template in spec.all_templates:
        items += template.inputs.parameters
        for step in template.children:
            items += step.arguments.parameters
    for item in items:
        if isinstance(item.get("enum"), list) and not item.get("enum"):
            yield Finding(
                item.key_span("enum"),
                f"the `enum` of `{item.name}` is empty: no value is allowed",
                help="list the values, or remove it",
            )
