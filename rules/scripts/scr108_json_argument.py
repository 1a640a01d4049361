"""SCR108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language.errors import LanguageError
from argolint.language.template import parse_json
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SCR108",
    "json-argument",
    on="template",
    severity="warning",
    types=(
        "steps",
        "dag",
    ),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A literal `withParam` is no JSON list."""
    for step in template.children:
        text = step.text("withParam")
        if not text or "{{" in text:
            continue
        try:
            value = parse_json(text)
        except (LanguageError, ValueError):
            yield Finding(
                step.value_span("withParam"),
                "`withParam` is no JSON",
                help='such as `\'["a", "b"]\'`',
                severity="error",
            )
            continue
        if not isinstance(value, list):
            yield Finding(step.value_span("withParam"), "`withParam` is no JSON list", severity="error")
