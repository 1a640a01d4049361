"""PAR122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "PAR122",
    "large-inline-artifact",
    on="template",
    severity="warning",
    options={"raw-artifact-kib": 256},
    keys=("raw",),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A `raw` artifact that fills the object."""
    if "inputs" not in template:
        return
    for artifact in template.inputs.artifacts:
        raw = artifact.mapping("raw")
        size = len(raw.text("data"))
        if size > int(ctx.option("raw-artifact-kib")) * 1024:
            yield Finding(
                raw.key_span("data"),
                f"artifact `{artifact.name}` carries {size // 1024} KiB inside the object, of which Kubernetes takes one MiB in all",
                help="put it into an artifact repository, or a ConfigMap of its own",
            )
