"""RBA123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT, grants_of, pod_account, subjects_of
from argolint.analysis.rbac_lack import instead
from argolint.analysis.rbac_needs import account_of, runs_alone
from argolint.context import Context
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule


@rule("RBA123", "granted-elsewhere", on="spec", severity="warning", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The right to report results is granted to another account than the one that the pods run as."""
    if grants_of(ctx.index).blank:
        return
    account = account_of(spec, ctx.index, ctx.namespace)
    first = next((template for template in spec.all_templates if template.type in POD_TYPES), None)
    if (
        first is None
        or (account and not is_literal(account))
        or not runs_alone(spec, ctx.index, ctx.namespace)
    ):
        return
    if spec.mapping("executor").text("serviceAccountName") or spec.workflow_template_ref is not None:
        return
    grant = instead(ctx.index, ctx.namespace, account)
    if grant is None or all(
        pod_account(template, account) != (account or DEFAULT_ACCOUNT) for template in spec.all_templates
    ):
        return
    who = next((name for kind, _, name in subjects_of(grant.binding) if kind == "ServiceAccount"), "")
    yield Finding(
        spec.value_span("serviceAccountName") if account else spec.key_span("entrypoint"),
        f"the pods run as `{account or DEFAULT_ACCOUNT}`, but the right to report results is granted to `{who}`",
        help=f"write `serviceAccountName: {who}`, or bind the role to `{account or DEFAULT_ACCOUNT}`",
        related=[
            (Elsewhere(grant.binding.path, *grant.binding.span), f"binds `{grant.role.name}` to `{who}`")
        ],
    )
