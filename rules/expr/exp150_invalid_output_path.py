"""EXP150."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("EXP150", "invalid-output-path", on="template", severity="error", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The JSONPath or jq program of an output parameter does not parse."""
    for parameter in template.outputs.parameters:
        view = parameter.mapping("valueFrom")
        for key in ("jsonPath", "jqFilter"):
            text = view.text(key)
            if not text or "{{" in text:
                continue
            problem = events.unbalanced(text)
            if problem:
                yield Finding(view.value_span(key), f"{'JSONPath' if key == 'jsonPath' else 'jq'}: {problem}")
            elif key == "jsonPath" and "{" not in text:
                yield Finding(
                    view.value_span(key),
                    f"`{text}` has no braces: outside braces a JSONPath is text",
                    help=f"write `{{{text if text.startswith(('.', '[', '$')) else '.' + text}}}`",
                    severity="warning",
                )
