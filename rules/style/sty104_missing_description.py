"""STY104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

KEYS = ("workflows.argoproj.io/description", "workflows.argoproj.io/title")


@rule(
    "STY104",
    "missing-description",
    on="object",
    severity="info",
    default=False,
    kinds=("WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A shared template that does not say what it is for."""
    if not any(key in obj.annotations for key in KEYS):
        yield Finding(
            obj.name_span,
            f"{obj.kind} `{obj.name}` has no description",
            help=f"add the annotation `{KEYS[0]}`; the user interface shows it",
        )
