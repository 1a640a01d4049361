"""PAR110."""

from __future__ import annotations

import json
from collections.abc import Iterator

from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule


@rule("PAR110", "with-param-not-a-list", on="step", severity="error", keys=("withParam",))
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """`withParam` is not a JSON list."""
    text = step.text("withParam").strip()
    if not text:
        return
    if "{{" not in text:
        if not is_list(text):
            yield Finding(
                step.value_span("withParam"),
                "`withParam` is not a JSON list",
                help='write a list such as \'["a", "b"]\', or use `withItems`',
            )
        return
    uses = uses_in(text)
    if (
        len(uses) != 1
        or uses[0].in_expr
        or uses[0].path[:2] != ("workflow", "parameters")
        or len(uses[0].path) < 3
    ):
        return
    if text != f"{{{{{uses[0].text}}}}}":
        return
    declared = step.template.spec.arguments.parameter(".".join(uses[0].path[2:]))
    value = declared.get("value") if declared is not None else None
    if declared is not None and isinstance(value, str) and value and "{{" not in value and not is_list(value):
        yield Finding(
            step.value_span("withParam"),
            f"`withParam` needs a JSON list, and the workflow parameter `{declared.name}` is none",
            help='make its value a list such as \'["a", "b"]\'',
            related=[(declared.value_span("value"), "its value")],
            severity="warning",
        )


def is_list(text: str) -> bool:
    """Whether a text is a JSON list."""
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False
