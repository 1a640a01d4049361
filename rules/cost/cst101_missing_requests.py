"""CST101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import has_resources, pod_containers
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "CST101",
    "missing-requests",
    on="template",
    severity="warning",
    default=False,
    types=("container", "script", "containerSet"),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container without resource requests."""
    for container, label in pod_containers(template):
        if not has_resources(template, container, "requests") and not has_resources(
            template, container, "limits"
        ):
            yield Finding(
                container.head,
                f"{label} requests no resources: the scheduler puts any number of them on one node",
                help="set `resources.requests` for cpu and memory, here or in `templateDefaults`",
            )
