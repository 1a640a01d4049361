"""REL107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar


@rule(
    "REL107",
    "fixed-workflow-name",
    on="object",
    severity="warning",
    default=False,
    kinds=("Workflow",),
    fix="unsafe",
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A second run of a Workflow with a fixed name collides with the first."""
    metadata = obj.metadata
    if not is_literal(obj.name) or "generateName" in metadata or not obj.is_workflow_kind:
        return
    fixable = not metadata.is_alias("name") and "name" not in metadata.map.merged
    yield Finding(
        obj.name_span,
        f"Workflow `{obj.name}` can be submitted once: the next one finds the name taken",
        help=f"use `generateName: {obj.name}-`",
        fix=replace(metadata.key_span("name"), "generateName")
        + replace(metadata.value_span("name"), scalar(f"{obj.name}-"))
        if fixable
        else None,
    )
