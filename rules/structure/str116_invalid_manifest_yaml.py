"""STR116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import structure_manifests as manifests
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR116", "invalid-manifest-yaml", on="template", severity="error", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The manifest of a resource template is not YAML."""
    found = manifests.syntax_error(template, ctx)
    if found is None:
        return
    scalar, problem = found
    size = len(scalar.value)
    start = min(max(problem.start, 0), max(size - 1, 0))
    yield Finding(
        scalar.part(start, min(max(problem.end, start + 1), size)),
        f"the manifest of {template.label} is not YAML: {problem.message}",
        help="a tag stands for text without line breaks here; quote values that contain `: ` or begin with a brace",
    )
