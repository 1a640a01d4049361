"""RBA401."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_power import is_machinery, needed_verbs
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.rbac import policy_rules
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule(
    "RBA401",
    "wildcard-verb",
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
    """A rule has `*` under `verbs`."""
    if is_machinery(role, ctx.index):
        return
    for policy in policy_rules(role):
        if "*" not in policy.verbs:
            continue
        words = policy.sequence("verbs")
        verbs = needed_verbs(role, policy, ctx.index) if len(words) == 1 and words.flow else []
        yield Finding(
            policy.item_span("verbs", words.index("*")),
            "`*` grants every verb there is, and every one there will be",
            help=f"write `verbs: [{', '.join(verbs)}]`: nothing else is needed"
            if verbs
            else "name what is needed: `argolint rbac` prints that for workflows",
            fix=replace(policy.value_span("verbs"), f"[{', '.join(verbs)}]") if verbs else None,
        )
