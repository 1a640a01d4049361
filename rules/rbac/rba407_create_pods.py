"""RBA407."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA407",
    "create-pods",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts create pods."""
    if is_machinery(role, ctx.index):
        return
    for span, _resource, _verbs in dangerous(role, ("",), ("pods",), frozenset({"create"})):
        yield Finding(
            span,
            "may create pods, and with them run as any account and mount any Secret of the namespace",
            help="the controller creates the pods of workflows, not their accounts; take it away",
        )
