"""SEC101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import scripts, security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SEC101", "script-injection", on="template", severity="warning", fix="unsafe", cross_file=True)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Text that somebody else decides is pasted into the source of a script."""
    for code in scripts.codes(template, ctx):
        found = security.dangers(code.scalar, template.spec, template, ctx)
        if not found:
            continue
        fix = security.env_fix(code, ctx)
        proved = [danger for danger in found if danger.taint.level == taint.EVENT]
        for danger in proved or found[:1]:
            use = danger.use
            yield Finding(
                code.scalar.part(use.start, use.end),
                f"`{use.text}` is pasted into this {code.noun} as text: {danger.who()} can run any command with it",
                help='hand it over in an environment variable: `env: [{name: X, value: "{{…}}"}]`',
                related=danger.taint.path,
                severity="error" if proved else None,
                fix=fix if danger is found[0] else None,
            )
