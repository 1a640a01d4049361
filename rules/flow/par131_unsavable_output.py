"""PAR131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import POD_TYPES, Template
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("PAR131", "unsavable-output", on="template", severity="error", keys=("git", "raw"))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An output artifact whose place can only be read from: `git` or `raw`."""
    if template.type not in POD_TYPES:
        return
    for artifact in template.outputs.artifacts:
        for kind in ("git", "raw"):
            if isinstance(artifact.get(kind), Map):
                yield Finding(
                    artifact.key_span(kind),
                    f"nothing can be saved to `{kind}`: {template.label} fails when it has run",
                    help="give the output a bucket, or push from the script itself"
                    if kind == "git"
                    else "give the output a bucket",
                )
