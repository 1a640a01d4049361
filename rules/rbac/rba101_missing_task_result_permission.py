"""RBA101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of, missing, spec_account, task_result_needs
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA101", "missing-task-result-permission", on="spec", severity="error", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A pod's account may not create and patch workflowtaskresults, so no step can report its result."""
    grants = grants_of(ctx.index)
    account = spec_account(spec, ctx.index, ctx.namespace)
    seen: set[str] = set()
    for template in spec.all_templates:
        lacking = missing(task_result_needs(template, account), ctx.namespace, grants)
        if not lacking or lacking[0].account in seen:
            continue
        who = lacking[0].account
        seen.add(who)
        held = grants.of(ctx.namespace, who)
        verbs = " and ".join(f"`{need.verb}`" for need in lacking)
        roles = {(g.role.path, g.role.start): g.role for g in held}
        yield Finding(
            lacking[0].at,
            f"service account `{who}` may not {verbs} `workflowtaskresults`, so {lacking[0].why} in vain",
            help="grant it: apiGroups [argoproj.io], resources [workflowtaskresults], verbs [create, patch]",
            related=[
                (Elsewhere(r.path, *r.span), f"{r.kind} `{r.name}` is bound to it") for r in roles.values()
            ],
            severity=None if held else "warning",
        )
