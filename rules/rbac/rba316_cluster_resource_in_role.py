"""RBA316."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule("RBA316", "cluster-resource-in-role", on="object", kinds=("Role",), severity="warning")
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A Role names resources outside namespaces, on which it has no effect."""
    for policy in policy_rules(role):
        for i, word in enumerate(policy.sequence("resources")):
            if isinstance(word, str) and any(is_cluster_scoped(group, word) for group in policy.api_groups):
                yield Finding(
                    policy.item_span("resources", i),
                    f"`{word}` are outside namespaces, so a Role cannot grant them",
                    help="put the rule into a ClusterRole and bind it with a ClusterRoleBinding",
                )
