"""RBA406."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery, severity_of_power
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule(
    "RBA406",
    "escalate-bind-impersonate",
    on="object",
    severity="error",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts give themselves any right."""
    if is_machinery(role, ctx.index):
        return
    severity = severity_of_power(role, ctx.index)
    for policy in policy_rules(role):
        for i, verb in enumerate(policy.sequence("verbs")):
            if verb in ("escalate", "bind", "impersonate") and not policy.resource_names:
                yield Finding(
                    policy.item_span("verbs", i),
                    f"`{verb}` is worth every right there is",
                    help="take it away, or limit it by resourceNames",
                    severity=severity,
                )
