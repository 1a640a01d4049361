"""SEC102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC102",
    "manifest-injection",
    on="template",
    severity="warning",
    types=("resource",),
    cross_file=True,
    fix="unsafe",
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Text that somebody else decides is pasted into a manifest that the workflow applies."""
    scalar = ctx.scalar(template.body, "manifest")
    if scalar is None:
        return
    for danger in security.dangers(scalar, template.spec, template, ctx)[:8]:
        proved = danger.taint.level == taint.EVENT
        use = danger.use
        line = scalar.value[scalar.value.rfind("\n", 0, use.start) + 1 : use.start]
        if use.in_expr and "oJson(" in scalar.value[max(use.start - 40, 0) : use.start]:
            continue
        quoted = line.rstrip("{").rstrip().endswith(('"', "'"))
        if quoted and not proved:
            continue
        yield Finding(
            scalar.part(use.start, use.end),
            f"`{use.text}` is pasted into this manifest as text: {danger.who()} can add fields to it",
            help="write `{{=toJson(…)}}` in the place of a value",
            related=danger.taint.path,
            severity="error" if proved and not quoted else None,
            fix=security.json_fix(scalar, use),
        )
