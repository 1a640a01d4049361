"""RBA412."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import dangerous, is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "RBA412",
    "admission-write",
    on="object",
    severity="warning",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts change webhooks, admission policies or CRDs."""
    if is_machinery(role, ctx.index):
        return
    for span, resource, verbs in dangerous(
        role,
        ("admissionregistration.k8s.io", "apiextensions.k8s.io"),
        (
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "customresourcedefinitions",
        ),
        frozenset({"create", "update", "patch", "delete"}),
    ):
        yield Finding(
            span,
            f"may {', '.join(verbs)} `{resource}`, which decide over all other objects",
            help="take it away: a webhook sees and changes every object of the cluster",
        )
