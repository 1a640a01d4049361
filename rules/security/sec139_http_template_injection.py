"""SEC139."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC139", "http-template-injection", on="template", severity="warning", types=("http",), cross_file=True
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Somebody else decides whom an HTTP template calls."""
    scalar = ctx.scalar(template.body, "url")
    if scalar is None or "{{" not in scalar.value:
        return
    host_end = scalar.value.find("/", scalar.value.find("://") + 3 if "://" in scalar.value else 0)
    for danger in security.dangers(scalar, template.spec, template, ctx)[:1]:
        if 0 <= host_end < danger.use.start:
            continue
        yield Finding(
            scalar.part(danger.use.start, danger.use.end),
            f"`{danger.use.text}` decides which host is called: {danger.who()} reaches services inside the cluster",
            help="write the host down, and let values choose the path only",
            related=danger.taint.path,
            severity="error" if danger.taint.level == taint.EVENT else None,
        )
