"""RBA312."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

VERSION = lazy(r"v\d+((alpha|beta)\d+)?\Z")


@rule(
    "RBA312",
    "version-in-api-group",
    on="object",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    severity="error",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """An API group carries a version."""
    for policy in policy_rules(role):
        for i, group in enumerate(policy.sequence("apiGroups")):
            if not isinstance(group, str):
                continue
            name, slash, version = group.rpartition("/")
            if not (slash and VERSION.match(version)) and not VERSION.match(group):
                continue
            span = policy.item_span("apiGroups", i)
            shown = name or '""'
            yield Finding(
                span,
                f"`{group}` is an apiVersion; a rule names the group alone",
                help=f"write `{shown}`",
                fix=replace(span, shown),
            )
