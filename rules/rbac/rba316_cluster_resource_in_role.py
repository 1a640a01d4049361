"""RBA316."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_resources import is_cluster_scoped
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.rule import Finding, rule


@rule("RBA316", "cluster-resource-in-role", on="object", kinds=("Role",), severity="warning")
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A Role names resources outside namespaces, on which it has no effect."""
    for policy, word, span in named(role, "resources"):
        if any(is_cluster_scoped(group, word) for group in policy.api_groups):
            yield Finding(
                span,
                f"`{word}` are outside namespaces, so a Role cannot grant them",
                help="put the rule into a ClusterRole and bind it with a ClusterRoleBinding",
            )
