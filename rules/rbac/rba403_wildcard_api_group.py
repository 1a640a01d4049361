"""RBA403."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_least import home_groups, listed
from argolint.analysis.rbac_power import is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import named
from argolint.rule import Finding, rule
from argolint.yaml.edit import scalar


@rule(
    "RBA403",
    "wildcard-api-group",
    on="object",
    severity="warning",
    fix="unsafe",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule has `*` under `apiGroups`."""
    if is_machinery(role, ctx.index):
        return
    for policy, word, span in named(role, "apiGroups"):
        if word != "*":
            continue
        known = home_groups(policy)
        fix = listed(policy, "apiGroups", known)
        yield Finding(
            span,
            "`*` grants resources of that name in every API group",
            help=f"write `apiGroups: [{', '.join(map(scalar, known))}]`"
            if fix
            else "name what is needed: `argolint rbac` prints that for workflows",
            fix=fix or None,
        )
