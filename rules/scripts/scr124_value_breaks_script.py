"""SCR124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SCR124",
    "value-breaks-script",
    on="template",
    severity="warning",
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script is none any more when the value that a parameter has is pasted in."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if "{{" not in text or code.language not in ("python", "sh"):
            continue
        for use in uses_in(text):
            declared = (
                template.inputs.parameter(use.path[2])
                if use.path[:2] == ("inputs", "parameters") and len(use.path) == 3
                else template.spec.arguments.parameter(use.path[2])
                if use.path[:2] == ("workflow", "parameters") and len(use.path) == 3
                else None
            )
            value = declared.get("value", declared.get("default")) if declared is not None else None
            if use.in_expr or not isinstance(value, str) or "{{" in value or not set(value) & set("\"'\\\n"):
                continue
            if not _is_sound(text, code.language):
                break
            start, end = text.rfind("{{", 0, use.start), text.find("}}", use.end) + 2
            pasted = scripts.masked(text[:start]) + value + scripts.masked(text[end:])
            if start < 0 or end < 2 or _is_sound(pasted, code.language):
                continue
            yield Finding(
                code.scalar.part(use.start, use.end),
                f"with the value that `{use.text}` has here, this is no {code.noun}: quotes and line ends are pasted as they are",
                help='hand it over in an environment variable: `env: [{name: X, value: "{{…}}"}]`',
                related=[(declared.value_span("value"), "its value")] if declared is not None else (),
            )
            break


def _is_sound(text: str, language: str) -> bool:
    """Whether a script can be read: Python that parses, a shell script whose quotes are closed. Unknown languages are sound."""
    if language == "python":
        return scripts.python_error(text) is None
    return language != "sh" or "<<" in text or "case " in text or scripts.scan_shell(text).open_quote < 0
