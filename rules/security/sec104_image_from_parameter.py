"""SEC104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SEC104", "image-from-parameter", on="template", severity="warning", cross_file=True)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Somebody else decides which image runs."""
    for _, container in template.containers:
        if "{{" not in container.text("image"):
            continue
        scalar = ctx.scalar(container, "image")
        if scalar is None:
            continue
        for danger in security.dangers(scalar, template.spec, template, ctx, taint.SUBMITTER)[:1]:
            proved = danger.taint.level == taint.EVENT
            head = scalar.value[: danger.use.start].strip("{ ")
            if not proved and head:
                continue  # the registry and the name are written down
            yield Finding(
                scalar.part(danger.use.start, danger.use.end),
                f"`{danger.use.text}` decides which image runs: {danger.who()} runs their own code as this account",
                help="write the repository down, and let the parameter choose the tag only",
                related=danger.taint.path,
                severity="error" if proved and not head else None,
            )
