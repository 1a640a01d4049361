"""RBA106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA106",
    "missing-artifact-gc-permission",
    on="spec",
    severity="error",
    fix="unsafe",
    cross_file=True,
    keys=("artifactGC",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The account that deletes artifacts may not read its tasks or report on them."""
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "collect"):
        yield finding_of(lack, ctx)
