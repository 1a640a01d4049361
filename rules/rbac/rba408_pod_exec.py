"""RBA408."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA408",
    "pod-exec",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts run commands in other pods."""
    if is_machinery(role, ctx.index):
        return
    for span, resource, _verbs in dangerous(
        role,
        ("",),
        ("pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"),
        frozenset({"create", "get", "update", "patch"}),
    ):
        yield Finding(
            span,
            f"`{resource}` reaches into every pod of the namespace, with the rights of its account",
            help="take it away; for its own pod a workflow does not need it",
        )
