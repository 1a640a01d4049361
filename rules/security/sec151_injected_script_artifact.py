"""SEC151."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_RUN = lazy(r"\.(?:sh|bash|py|js|rb|pl)$")


@rule("SEC151", "injected-script-artifact", on="template", severity="warning", cross_file=True, keys=("raw",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Text that somebody else decides is pasted into a file that is run."""
    for artifact in template.inputs.artifacts:
        scalar = ctx.scalar(artifact.mapping("raw"), "data")
        mode = artifact.get("mode")
        if scalar is None or not (
            _RUN.search(artifact.text("path")) or (isinstance(mode, int) and mode & 0o111)
        ):
            continue
        for danger in security.dangers(scalar, template.spec, template, ctx)[:1]:
            yield Finding(
                scalar.part(danger.use.start, danger.use.end),
                f"`{danger.use.text}` is pasted into the program `{artifact.text('path')}`: {danger.who()} can run any command with it",
                help="hand it over in an environment variable",
                related=danger.taint.path,
                severity="error" if danger.taint.level == taint.EVENT else None,
            )
