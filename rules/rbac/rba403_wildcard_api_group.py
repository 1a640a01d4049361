"""RBA403."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery, wildcards
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA403",
    "wildcard-api-group",
    on="object",
    severity="warning",
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
    for span in wildcards(role, "apiGroups"):
        yield Finding(
            span,
            "`*` grants resources of that name in every API group",
            help="name what is needed: `argolint rbac` prints that for workflows",
        )
