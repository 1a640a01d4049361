"""RBA419."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule


@rule(
    "RBA419",
    "delete-collection",
    on="object",
    severity="info",
    kinds=(
        "Role",
        "ClusterRole",
    ),
    cross_file=True,
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A role lets its accounts delete all objects of a kind at once."""
    if is_machinery(role, ctx.index):
        return
    for policy in policy_rules(role):
        for i, verb in enumerate(policy.sequence("verbs")):
            if verb == "deletecollection":
                yield Finding(
                    policy.item_span("verbs", i),
                    "`deletecollection` deletes all objects of a kind in one request",
                    help="`delete` is enough for objects by name",
                )
