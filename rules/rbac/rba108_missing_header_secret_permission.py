"""RBA108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule(
    "RBA108", "missing-header-secret-permission", on="spec", severity="error", fix="unsafe", cross_file=True
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The agent may not read the Secret of a header."""
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "header"):
        yield finding_of(lack, ctx)
