"""GIT101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.gitops import synced
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

HOOK = "argocd.argoproj.io/hook"


@rule(
    "GIT101",
    "generate-name-under-gitops",
    on="object",
    severity="error",
    cross_file=True,
    options={"gitops-paths": []},
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An object without a fixed name cannot be applied from Git."""
    if not obj.generate_name or obj.name or obj.embedded or HOOK in obj.annotations:
        return
    why = synced(ctx.path, ctx.option("gitops-paths"), ctx.index)
    if why:
        yield Finding(
            obj.name_span,
            f"{obj.kind} `{obj.generate_name}…` has no fixed name, and {why}: `kubectl apply` refuses it, or each sync makes one more",
            help="give it a `name`; to run something at each sync, make it a CronWorkflow, a Sensor or an Argo CD hook",
        )
