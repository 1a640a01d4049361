"""RBA410."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery, severity_of_power
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA410",
    "token-request",
    on="object",
    severity="error",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts make tokens of other accounts."""
    if is_machinery(role, ctx.index):
        return
    severity = severity_of_power(role, ctx.index)
    for span, _resource, _verbs in dangerous(role, ("",), ("serviceaccounts/token",), frozenset({"create"})):
        yield Finding(
            span,
            "may make a token of any account of the namespace, and be that account",
            help="take it away, or limit it by resourceNames",
            severity=severity,
        )
