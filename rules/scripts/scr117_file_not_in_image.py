"""SCR117."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.images import lacking, missing_program
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR117", "file-not-in-image", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container runs a file that its image does not have and that nothing brings."""
    for container, file, span in lacking(template, missing_program):
        yield Finding(
            span,
            f"nothing puts `{file.text}` into image `{container.text('image')}`",
            help="use an image of your own that has it, an input artifact, a volume, or write it as a `script`",
        )
