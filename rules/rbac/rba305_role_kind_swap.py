"""RBA305."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import role_ref
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA305",
    "role-kind-swap",
    on="object",
    kinds=("RoleBinding",),
    severity="error",
    fix="safe",
    cross_file=True,
)
def check(binding: Object, ctx: Context) -> Iterator[Finding]:
    """roleRef says Role where the repository has a ClusterRole of that name, or the other way round."""
    reference = role_ref(binding)
    kind, name = reference.text("kind"), reference.text("name")
    other = {"Role": "ClusterRole", "ClusterRole": "Role"}.get(kind)
    if other is None or not name or ctx.index.find(kind, name):
        return
    found = ctx.index.find(other, name, binding.namespace)
    if found:
        span = reference.value_span("kind")
        yield Finding(
            span,
            f"`{name}` is a {other}, not a {kind}",
            help=f"write `kind: {other}`",
            related=[(Elsewhere(fact.path, *fact.span), f"the {other} is here") for fact in found],
            fix=replace(span, other),
        )
