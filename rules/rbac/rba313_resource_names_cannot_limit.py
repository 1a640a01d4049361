"""RBA313."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule(
    "RBA313",
    "resource-names-cannot-limit",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="warning",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """`resourceNames` beside verbs that they cannot limit."""
    for policy in policy_rules(role):
        if not policy.resource_names:
            continue
        never = [verb for verb in ("create", "deletecollection") if verb in policy.verbs]
        hardly = [verb for verb in ("list", "watch") if verb in policy.verbs]
        for verb in never + hardly:
            yield Finding(
                policy.item_span("verbs", policy.sequence("verbs").index(verb)),
                f"`{verb}` is never allowed by a rule with resourceNames: the request carries no name"
                if verb in never
                else f"with resourceNames, `{verb}` is allowed only to clients that select by `metadata.name`",
                help="put the verb into a rule without resourceNames",
            )
