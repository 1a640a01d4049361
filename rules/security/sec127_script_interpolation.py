"""SEC127."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts, security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC127",
    "script-interpolation",
    on="template",
    severity="info",
    default=False,
    fix="unsafe",
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A value from a caller or from a step's output is pasted into the source of a script."""
    for code in scripts.codes(template, ctx):
        found = security.dangers(code.scalar, template.spec, template, ctx, taint.OUTPUT)
        if not found or found[0].taint.level >= taint.SUBMITTER:
            continue  # SEC101
        use = found[0].use
        yield Finding(
            code.scalar.part(use.start, use.end),
            f"`{use.text}` is pasted into this {code.noun} as text: a quote or `$(…)` in it is read as code",
            help='hand it over in an environment variable: `env: [{name: X, value: "{{…}}"}]`',
            related=found[0].taint.path,
            fix=security.env_fix(code, ctx),
        )
