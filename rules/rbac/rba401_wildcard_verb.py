"""RBA401."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery, wildcards
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA401",
    "wildcard-verb",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A rule has `*` under `verbs`."""
    if is_machinery(role, ctx.index):
        return
    for span in wildcards(role, "verbs"):
        yield Finding(
            span,
            "`*` grants every verb there is, and every one there will be",
            help="name what is needed: `argolint rbac` prints that for workflows",
        )
