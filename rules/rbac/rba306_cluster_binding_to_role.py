"""RBA306."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref
from argolint.rule import Finding, rule


@rule("RBA306", "cluster-binding-to-role", on="object", kinds=("ClusterRoleBinding",), severity="error")
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """A ClusterRoleBinding refers to a Role; it can only refer to a ClusterRole."""
    reference = role_ref(binding)
    if reference.text("kind") == "Role":
        yield Finding(
            reference.value_span("kind"),
            "a ClusterRoleBinding can only refer to a ClusterRole",
            help="use a RoleBinding in the Role's namespace, or make the role a ClusterRole",
        )
