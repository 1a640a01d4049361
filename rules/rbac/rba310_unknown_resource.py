"""RBA310."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_resources import BY_NAME, meant_resource
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA310",
    "unknown-resource",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="warning",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A resource is named by its kind, singular or short name."""
    for policy in policy_rules(role):
        for i, word in enumerate(policy.sequence("resources")):
            meant = meant_resource(word) if isinstance(word, str) else ""
            groups = {found.group for found in BY_NAME.get(meant.partition("/")[0], ())}
            if not meant or not (
                word != word.lower() or groups & set(policy.api_groups) or "*" in policy.api_groups
            ):
                continue
            span = policy.item_span("resources", i)
            yield Finding(
                span,
                f"`{word}` is no resource; rules name resources in the plural and in lower case",
                help=f"write `{meant}`",
                fix=replace(span, meant),
            )
