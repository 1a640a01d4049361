"""RBA101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_lack import lacks
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.rule_rbac import finding_of


@rule("RBA101", "missing-task-result-permission", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A pod's account may not create and patch workflowtaskresults, so no step can report its result."""
    if ctx.argo_version < (3, 4):
        return
    seen: set[str] = set()
    for lack in lacks(spec.owner, ctx.index, ctx.namespace, "result"):
        if lack.account in seen:
            continue
        seen.add(lack.account)
        verbs = " and ".join(f"`{verb}`" for verb in lack.verbs)
        yield finding_of(
            lack,
            ctx,
            f"service account `{lack.account}` may not {verbs} `workflowtaskresults`, so {lack.why} in vain",
            "grant it: apiGroups [argoproj.io], resources [workflowtaskresults], verbs [create, patch]",
        )
