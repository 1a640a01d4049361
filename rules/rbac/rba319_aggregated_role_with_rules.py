"""RBA319."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key
from argolint.yaml.nodes import Map


@rule(
    "RBA319",
    "aggregated-role-with-rules",
    on="object",
    kinds=("ClusterRole",),
    severity="warning",
    fix="safe",
)
def check(role: Object, ctx: Context) -> Iterator[Finding]:
    """A ClusterRole has both an aggregationRule and rules; the rules are overwritten."""
    if isinstance(role.get("aggregationRule"), Map) and role.sequence("rules"):
        yield Finding(
            role.key_span("rules"),
            "the controller manager overwrites `rules` of a ClusterRole with an `aggregationRule`",
            help="put them into a ClusterRole of their own, with a label that the aggregation selects",
            fix=delete_key(ctx.source, role.map, "rules"),
        )
