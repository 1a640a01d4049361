"""RBA315."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule("RBA315", "non-resource-url-in-role", on="object", kinds=("Role",), severity="error")
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A Role names URLs, which only a ClusterRole can."""
    for policy in policy_rules(role):
        if "nonResourceURLs" in policy:
            yield Finding(
                policy.key_span("nonResourceURLs"),
                "a Role cannot grant `nonResourceURLs`: they belong to no namespace",
                help="put the rule into a ClusterRole, bound by a ClusterRoleBinding",
            )
