"""PAR126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR126", "shadowed-input", on="template", severity="warning", keys=("inline",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An inline template has an input of the same name as the template around it."""
    if template.step is None or "inputs" not in template:
        return
    outer = {item.name: item for item in template.step.template.inputs.parameters if item.name}
    given = {item.name: item.text("value") for item in template.step.arguments.parameters}
    for item in template.inputs.parameters:
        same = outer.get(item.name)
        if (
            same is None
            or given.get(item.name, "").replace(" ", "") == f"{{{{inputs.parameters.{item.name}}}}}"
        ):
            continue
        yield Finding(
            item.name_span,
            f"`{item.name}` is an input of the template around too, and its value is used here",
            help="rename one of them",
            related=[(same.name_span, "the input of the template around")],
        )
