"""RBA416."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import everyone
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref, subjects
from argolint.rule import Finding, rule


@rule(
    "RBA416",
    "grant-to-everyone",
    on="object",
    severity="error",
    kinds=(
        "RoleBinding",
        "ClusterRoleBinding",
    ),
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A binding grants to a group that everybody is in."""
    harmless = role_ref(role).text("name") in (
        "system:discovery",
        "system:basic-user",
        "system:public-info-viewer",
        "system:service-account-issuer-discovery",
    )
    for subject in subjects(role):
        who = everyone(subject.text("name")) if subject.text("kind") == "Group" and not harmless else ""
        if who:
            yield Finding(
                subject.value_span("name"),
                f"this grants to {who}",
                help="name the accounts that need it",
            )
