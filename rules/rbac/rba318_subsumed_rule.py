"""RBA318."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import permissions
from argolint.analysis.rbac_grant import includes
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_item
from argolint.yaml.nodes import plain


@rule(
    "RBA318",
    "subsumed-rule",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="info",
    fix="safe",
    default=False,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule grants nothing that another of the same role does not grant."""
    policies = policy_rules(role)
    held = permissions(plain(role.get("rules")))
    if len(policies) != len(held) or len(held) > 100:
        return
    for i, policy in enumerate(policies):
        j = next(
            (
                j
                for j, other in enumerate(held)
                if j != i and includes(other, held[i]) and (j < i or not includes(held[i], other))
            ),
            -1,
        )
        if j >= 0 and not policy.get("nonResourceURLs") and held[i].verbs:
            yield Finding(
                policy.head,
                f"rule {j + 1} grants all that this one does",
                help="delete it",
                related=[(policies[j].head, "the wider rule")],
                fix=delete_item(ctx.source, role.sequence("rules"), i),
            )
