"""RBA112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of, missing
from argolint.analysis.rbac_lack import grouped, role_fix
from argolint.analysis.rbac_needs import account_of, legacy_needs, runs_alone
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA112", "missing-legacy-pod-permission", on="spec", severity="error", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Before 3.4 a pod reports its result on itself, and its account may not patch pods."""
    if ctx.argo_version >= (3, 4) or not runs_alone(spec, ctx.index, ctx.namespace):
        return
    grants = grants_of(ctx.index)
    account = account_of(spec, ctx.index, ctx.namespace)
    needs = [need for template in spec.all_templates for need in legacy_needs(template, account)]
    seen: set[str] = set()
    for lack in grouped(missing(needs, ctx.namespace, grants), ctx.namespace, grants):
        if lack.account not in seen:
            seen.add(lack.account)
            yield Finding(
                lack.at,
                lack.message,
                help=lack.help,
                related=[(Elsewhere(*place), text) for place, text in lack.places],
                severity=lack.severity,
                fix=role_fix(lack, ctx),
            )
