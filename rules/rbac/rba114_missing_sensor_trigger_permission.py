"""RBA114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA114",
    "missing-sensor-trigger-permission",
    on="object",
    kinds=("Sensor",),
    severity="error",
    fix="unsafe",
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor's account may not do to an object what its trigger does."""
    for lack in lacks(obj, ctx.index, ctx.namespace, "trigger"):
        yield finding_of(lack, ctx)
