"""SCR118."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.images import lacking, missing_sources
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("SCR118", "build-without-sources", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An image is built from a folder that nothing is put into."""
    for _, _, span in lacking(template, missing_sources):
        yield Finding(
            span,
            f"nothing brings {template.label} the files to build from",
            help="add an input artifact with the sources, a volume, or a context that the builder fetches: `git://…`",
        )
