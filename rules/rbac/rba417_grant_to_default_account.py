"""RBA417."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import subjects
from argolint.rule import Finding, rule


@rule(
    "RBA417",
    "grant-to-default-account",
    on="object",
    severity="warning",
    kinds=(
        "RoleBinding",
        "ClusterRoleBinding",
    ),
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A binding grants to the account `default`, which every pod is that names no other."""
    for subject in subjects(role):
        if subject.text("kind") == "ServiceAccount" and subject.text("name") == "default":
            yield Finding(
                subject.value_span("name"),
                "`default` is the account of every pod of the namespace that names no other; all of them get these rights",
                help="make an account for workflows, and name it as their `serviceAccountName`",
            )
