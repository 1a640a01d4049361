"""SCR124."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.analysis.variables import uses_in
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR124", "value-breaks-script", on="template", severity="warning", types=("script",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A Python script is no Python any more when the value that a parameter has is pasted in."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        if code.language != "python" or "{{" not in text or scripts.python_error(text) is not None:
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
            start, end = text.rfind("{{", 0, use.start), text.find("}}", use.end) + 2
            if start < 0 or end < 2 or not _breaks(text, start, end, value):
                continue
            yield Finding(
                code.scalar.part(use.start, use.end),
                f"with the value that `{use.text}` has here, this is no Python: quotes and line ends are pasted as they are",
                help='hand it over in an environment variable: `env: [{name: X, value: "{{…}}"}]`',
                related=[(declared.value_span("value"), "its value")] if declared is not None else (),
            )
            break


def _breaks(text: str, start: int, end: int, value: str) -> bool:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(scripts.masked(text[:start]) + value + scripts.masked(text[end:]))
    except SyntaxError:
        return True
    except (ValueError, RecursionError, MemoryError):
        return False
    return False
