"""RBA314."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule(
    "RBA314",
    "empty-rule",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="warning",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule lacks verbs, resources or API groups, so it grants nothing."""
    for policy in policy_rules(role):
        urls = bool(policy.sequence("nonResourceURLs"))
        wanted = ["verbs"] if urls else ["apiGroups", "resources", "verbs"]
        lacking = [key for key in wanted if not policy.sequence(key)]
        if lacking:
            yield Finding(
                policy.key_span(lacking[0]),
                f"this rule has no {' and no '.join(f'`{key}`' for key in lacking)}, so it grants nothing",
                help='the core group is written `apiGroups: [""]`'
                if lacking == ["apiGroups"]
                else "complete it, or delete it",
            )
