"""SEC150."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC150",
    "artifact-source-from-event",
    on="template",
    severity="warning",
    cross_file=True,
    keys=("git", "http", "s3"),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An event decides from where an artifact is fetched."""
    for artifact in template.inputs.artifacts:
        for kind, keys in (("git", ("repo", "revision")), ("http", ("url",)), ("s3", ("endpoint", "bucket"))):
            source = artifact.mapping(kind)
            for key in keys if kind in artifact else ():
                scalar = ctx.scalar(source, key)
                found = (
                    security.dangers(scalar, template.spec, template, ctx, taint.SENDER)
                    if scalar is not None
                    else []
                )
                if scalar is not None and found:
                    use = found[0].use
                    yield Finding(
                        scalar.part(use.start, use.end),
                        f"`{use.text}` decides the `{key}` of artifact `{artifact.name}`: whoever sends the event chooses what comes in",
                        help="write the host down, and filter the event by what may be asked for",
                        related=found[0].taint.path,
                        severity="error"
                        if key != "revision" and use.start <= 4 and found[0].taint.level == taint.EVENT
                        else "warning",
                    )
