"""RBA404."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import MACHINERY, users_of
from argolint.context import Context
from argolint.model.k8s import WORKFLOW_KINDS, Object
from argolint.model.rbac import role_ref, subjects
from argolint.rule import Finding, rule


@rule(
    "RBA404",
    "cluster-admin-binding",
    on="object",
    severity="error",
    kinds=(
        "RoleBinding",
        "ClusterRoleBinding",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A workflow's account is bound to cluster-admin, admin or edit."""
    reference = role_ref(role)
    name = reference.text("name")
    if reference.text("kind") != "ClusterRole" or name not in ("cluster-admin", "admin", "edit"):
        return
    for subject in subjects(role):
        account = subject.text("name")
        if subject.text("kind") != "ServiceAccount":
            continue
        namespace = subject.text("namespace") or role.namespace
        known = account == "default" or bool(
            users_of(namespace, account, ctx.index, *WORKFLOW_KINDS, "Sensor", "EventSource")
        )
        if not known and (name != "cluster-admin" or MACHINERY.search(account)):
            continue
        yield Finding(
            reference.value_span("name"),
            f"service account `{account}` is bound to `{name}`"
            + (
                ", so every step of a workflow can do anything in the cluster"
                if name == "cluster-admin" and role.kind == "ClusterRoleBinding"
                else ", which lets a workflow do almost anything in its namespace"
            ),
            help="bind a role with just the rights that are needed: `argolint rbac` prints them",
            related=[(subject.value_span("name"), "this account")],
            severity="error" if known and name == "cluster-admin" else "warning",
        )
