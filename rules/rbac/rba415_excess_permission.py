"""RBA415."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import excess, is_machinery
from argolint.analysis.rbac_resources import BY_NAME
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule(
    "RBA415",
    "excess-permission",
    on="object",
    severity="info",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role grants what nothing among the manifests needs."""
    policies = policy_rules(role)
    if is_machinery(role, ctx.index) or len(policies) != len(role.sequence("rules")):
        return
    for i, extra in excess(role, ctx.index):
        if "*" in extra.verbs + extra.resources or extra.group == "*":
            continue  # RBA401 to RBA403
        if any(
            word in BY_NAME and extra.group not in {home.group for home in BY_NAME[word]}
            for word in extra.resources
        ):
            continue  # RBA311
        yield Finding(
            policies[i].value_span("verbs"),
            f"nothing that has this role needs {', '.join(extra.verbs)} on {', '.join(f'`{word}`' for word in extra.resources)}",
            help="take it away; `argolint rbac` prints the least role",
        )
