"""RBA402."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery, wildcards
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA402",
    "wildcard-resource",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule has `*` under `resources`."""
    if is_machinery(role, ctx.index):
        return
    for span in wildcards(role, "resources"):
        yield Finding(
            span,
            "`*` grants every resource of these groups, Secrets and roles included where they are among them",
            help="name what is needed: `argolint rbac` prints that for workflows",
        )
