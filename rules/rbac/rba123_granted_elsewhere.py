"""RBA123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT, grants_of, pod_account, subjects_of
from argolint.analysis.rbac_lack import instead
from argolint.analysis.rbac_needs import account_of, runs_alone
from argolint.analysis.resolved import resolved
from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.model.workflow import POD_TYPES, WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Elsewhere, Finding, rule
from argolint.yaml.edit import add_key, replace, scalar


@rule("RBA123", "granted-elsewhere", on="spec", severity="warning", fix="unsafe", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The right to report results is granted to another account than the one that the pods run as."""
    if grants_of(ctx.index).blank:
        return
    account = account_of(spec, ctx.index, ctx.namespace)
    merged = resolved(spec, ctx)
    if merged is None or (merged.path and account != spec.text("serviceAccountName")):
        return  # the WorkflowTemplate names the account, and is where this is said
    pods = [template for template in merged.running.all_templates if template.type in POD_TYPES]
    if not pods or (account and not is_literal(account)) or not runs_alone(spec, ctx.index, ctx.namespace):
        return
    if any(one.mapping("executor").text("serviceAccountName") for one in merged.specs):
        return
    grant = instead(ctx.index, ctx.namespace, account)
    if grant is None or all(
        pod_account(template, account) != (account or DEFAULT_ACCOUNT) for template in pods
    ):
        return
    who = next((name for kind, _, name in subjects_of(grant.binding) if kind == "ServiceAccount"), "")
    unnamed = "workflowTemplateRef" if merged.path else "entrypoint"
    yield Finding(
        spec.value_span("serviceAccountName") if account else spec.key_span(unnamed),
        f"the pods run as `{account or DEFAULT_ACCOUNT}`, but the right to report results is granted to `{who}`",
        help=f"write `serviceAccountName: {who}`, or bind the role to `{account or DEFAULT_ACCOUNT}`",
        fix=as_account(spec, who, ctx) if who else None,
        related=[
            (Elsewhere(grant.binding.path, *grant.binding.span), f"binds `{grant.role.name}` to `{who}`")
        ],
    )


def as_account(spec: WorkflowSpec, account: str, ctx: Context) -> list[Edit] | None:
    """The edit that makes a workflow run as an account."""
    key = "serviceAccountName"
    if spec.map.merged or not spec.map.at or spec.is_alias(key):
        return None
    if spec.text(key):
        return replace(spec.value_span(key), scalar(account))
    return (
        add_key(ctx.source, spec.map, key, scalar(account), after="entrypoint") if key not in spec else None
    )
