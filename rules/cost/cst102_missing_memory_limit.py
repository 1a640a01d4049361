"""CST102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import has_resources, pod_containers
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "CST102",
    "missing-memory-limit",
    on="template",
    severity="warning",
    default=False,
    types=("container", "script", "containerSet"),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container without a memory limit can take its node down with it."""
    for container, label in pod_containers(template):
        if not has_resources(template, container, "limits", "memory"):
            resources = container.mapping("resources")
            yield Finding(
                resources.head if resources.map else container.head,
                f"{label} has no memory limit: a leak takes the node's memory, and its neighbours die too",
                help="set `resources.limits.memory`",
            )
