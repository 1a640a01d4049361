"""RBA209."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT, grants_of
from argolint.analysis.rbac_grant import runs_as
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

WORKLOADS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Pod",
    "ReplicaSet",
    "HelmRelease",
    "Application",
    "Kustomization",
)


@rule(
    "RBA209",
    "account-unused",
    on="object",
    severity="info",
    kinds=("ServiceAccount",),
    default=False,
    cross_file=True,
)
def check(account: Object, ctx: Context) -> Iterator[Finding]:
    """Nothing among the manifests runs as this account, and nothing is bound to it."""
    name = account.name
    if not is_literal(name) or name == DEFAULT_ACCOUNT or any(True for _ in ctx.index.of_kind(*WORKLOADS)):
        return
    if grants_of(ctx.index).of(account.namespace, name) or runs_as(account.namespace, name, ctx.index):
        return
    if any(fact.data.get("service_account") == name for fact in ctx.index.objects):
        return
    yield Finding(
        account.name_span,
        f"nothing among the manifests runs as service account `{name}`",
        help="delete it, or name it where it was meant",
    )
