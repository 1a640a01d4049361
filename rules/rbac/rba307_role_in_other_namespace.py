"""RBA307."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA307",
    "role-in-other-namespace",
    on="object",
    kinds=("RoleBinding",),
    severity="error",
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A RoleBinding refers to a Role that the tree has in another namespace only."""
    reference = role_ref(role)
    name = reference.text("name")
    if reference.text("kind") != "Role" or not is_literal(name) or not role.namespace:
        return
    anywhere = ctx.index.find("Role", name)
    if not anywhere or ctx.index.find("Role", name, role.namespace):
        return
    yield Finding(
        reference.value_span("name"),
        f"Role `{name}` is in namespace `{anywhere[0].namespace}`; a RoleBinding in `{role.namespace}` refers to Roles of `{role.namespace}`",
        help="move one of them, or make the role a ClusterRole",
        related=[(Elsewhere(anywhere[0].path, *anywhere[0].span), "the Role is here")],
    )
