"""GIT102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import synced
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

HOOK = "argocd.argoproj.io/hook"


@rule(
    "GIT102",
    "one-shot-workflow-under-gitops",
    on="object",
    severity="warning",
    kinds=("Workflow",),
    cross_file=True,
    options={"gitops-paths": []},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Workflow in a synced path is a run, not something to be kept equal to Git."""
    if not obj.name or obj.embedded or not obj.is_workflow_kind or HOOK in obj.annotations:
        return
    why = synced(ctx.path, ctx.option("gitops-paths"), ctx.index)
    if why:
        yield Finding(
            obj.name_span,
            f"Workflow `{obj.name}` is a run, and {why}: when it has been deleted, the next sync runs it again",
            help="make it a WorkflowTemplate, with a CronWorkflow or Sensor that starts it",
        )
