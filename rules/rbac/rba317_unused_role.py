"""RBA317."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_grant import is_bound
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "RBA317",
    "unused-role",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
        "RoleBinding",
        "ClusterRoleBinding",
    ),
    severity="info",
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """No binding among the manifests refers to this role, or a binding has no subjects."""
    if role.kind in ("Role", "ClusterRole"):
        if not is_literal(role.name) or is_bound(role, ctx.index):
            return
        if (
            any(key.startswith("rbac.authorization.k8s.io/aggregate") for key in role.labels.map)
            or "aggregationRule" in role
        ):
            return
        if next(iter(ctx.index.of_kind("RoleBinding", "ClusterRoleBinding")), None) is not None:
            yield Finding(
                role.name_span,
                f"no binding among the manifests refers to {role.kind} `{role.name}`",
                help="bind it or delete it",
            )
    elif "subjects" not in role or role.get("subjects") in (None, []):
        yield Finding(
            role.name_span,
            f"{role.kind} `{role.name}` has no subjects, so it grants nothing",
            help="name an account, or delete it",
        )
