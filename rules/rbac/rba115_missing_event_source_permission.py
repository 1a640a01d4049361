"""RBA115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA115",
    "missing-event-source-permission",
    on="object",
    kinds=("EventSource",),
    severity="error",
    fix="unsafe",
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An EventSource watches a resource that its account may not list and watch."""
    for lack in lacks(obj, ctx.index, ctx.namespace, "watch"):
        yield finding_of(lack, ctx)
