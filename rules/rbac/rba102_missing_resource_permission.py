"""RBA102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of, missing, resource_needs, spec_account
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Elsewhere, Finding, rule


@rule(
    "RBA102",
    "missing-resource-permission",
    on="template",
    types=("resource",),
    severity="error",
    cross_file=True,
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A resource template does to an object what its account may not do."""
    grants = grants_of(ctx.index)
    account = spec_account(template.spec, ctx.index, ctx.namespace)
    lacking = missing(resource_needs(template, account), ctx.namespace, grants)
    if not lacking:
        return
    need = lacking[0]
    verbs = ", ".join(item.verb for item in lacking)
    where = f" in namespace `{need.namespace}`" if need.namespace else ""
    group = need.group or '""'
    held = grants.of(ctx.namespace, need.account)
    roles = {(g.role.path, g.role.start): g.role for g in held}
    yield Finding(
        need.at,
        f"service account `{need.account}` may not {' or '.join(item.verb for item in lacking)} `{need.resource}`{where}",
        help=f"grant it: apiGroups [{group}], resources [{need.resource}], verbs [{verbs}]",
        related=[(Elsewhere(r.path, *r.span), f"{r.kind} `{r.name}` is bound to it") for r in roles.values()],
        severity=None if held else "warning",
    )
