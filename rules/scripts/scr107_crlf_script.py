"""SCR107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("SCR107", "crlf-script", on="template", severity="error", fix="safe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script has Windows line endings."""
    for code in scripts.codes(template, ctx):
        text = code.scalar.value
        at = text.find("\r\n")
        if at < 0 or code.language not in ("sh", "python", "perl", "ruby", ""):
            continue
        span = code.scalar.span
        written = ctx.source.slice(span.start, span.end)
        fixed = written.replace("\\r\\n", "\\n")
        yield Finding(
            code.scalar.part(at, at + 2),
            "lines of this script end with CR LF: the shell takes the CR for a part of each command",
            fix=replace(tuple(span[:2]), fixed) if code.scalar.style == '"' and fixed != written else None,
            severity=None if code.language == "sh" else "warning",
        )
