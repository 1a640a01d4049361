"""RBA405."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_least import without
from argolint.analysis.rbac_power import dangerous, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA405",
    "secrets-access",
    on="object",
    severity="warning",
    fix="unsafe",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts read all Secrets of a namespace."""
    if is_machinery(role, ctx.index):
        return
    for span, resource, verbs in dangerous(role, ("",), ("secrets",), frozenset({"get", "list", "watch"})):
        yield Finding(
            span,
            f"may {', '.join(verbs)} every Secret of the namespace, tokens of other accounts included",
            help="Argo does not need it: the kubelet mounts Secrets; limit the rule by resourceNames",
            fix=without(role, span, resource, ctx) or None,
        )
