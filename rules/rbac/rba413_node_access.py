"""RBA413."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA413",
    "node-access",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts reach nodes."""
    if is_machinery(role, ctx.index):
        return
    for span, resource, verbs in dangerous(
        role,
        ("",),
        ("nodes/proxy", "nodes", "persistentvolumes"),
        frozenset({"create", "update", "patch", "delete"}),
    ):
        yield Finding(
            span,
            f"`{resource}` ({', '.join(verbs)}) reaches the nodes and what runs there",
            help="take it away",
        )
