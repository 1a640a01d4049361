"""RBA411."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery, severity_of_power
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA411",
    "rbac-write",
    on="object",
    severity="error",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts change roles and bindings."""
    if is_machinery(role, ctx.index):
        return
    severity = severity_of_power(role, ctx.index)
    for span, resource, verbs in dangerous(
        role,
        ("rbac.authorization.k8s.io",),
        ("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
        frozenset({"create", "update", "patch", "delete"}),
    ):
        yield Finding(
            span,
            f"may {', '.join(verbs)} `{resource}`: an account that hands out rights",
            help="keep roles in Git and let the GitOps tool apply them",
            severity=severity,
        )
