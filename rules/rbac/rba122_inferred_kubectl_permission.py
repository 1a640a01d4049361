"""RBA122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import Need, grants_of, pod_account
from argolint.analysis.rbac_needs import account_of, calls_in, runs_alone
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "RBA122",
    "inferred-kubectl-permission",
    on="template",
    types=("container", "script"),
    severity="info",
    default=False,
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A script calls kubectl or argo for something that its account may not do."""
    if not ctx.source.mentions("kubectl") and not ctx.source.mentions("argo "):
        return
    grants = grants_of(ctx.index)
    account = pod_account(template, account_of(template.spec, ctx.index, ctx.namespace))
    if not runs_alone(template.spec, ctx.index, ctx.namespace) or not grants.knows(ctx.namespace, account):
        return
    for at, call in calls_in(template, ctx):
        needs = [
            Need(account, call.group, call.resource, verb, call.namespace, "", "", at) for verb in call.verbs
        ]
        lacking = [need.verb for need in needs if not grants.allows(ctx.namespace, account, need)]
        if lacking:
            where = f" in namespace `{call.namespace}`" if call.namespace else ""
            group = call.group or '""'
            yield Finding(
                at,
                f"this command needs `{'`, `'.join(lacking)}` on `{call.resource}`{where}, which service account `{account}` may not",
                help=f"grant it: apiGroups [{group}], resources [{call.resource}], verbs [{', '.join(lacking)}]",
            )
