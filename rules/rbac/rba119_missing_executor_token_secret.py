"""RBA119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_least import token_secret
from argolint.analysis.rbac_needs import has_token
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "RBA119",
    "missing-executor-token-secret",
    on="spec",
    severity="warning",
    fix="unsafe",
    cross_file=True,
    keys=("executor",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The executor's account has no token Secret in the tree, which holds its rights."""
    seen: set[str] = set()
    for view in (spec, *spec.all_templates):
        executor = view.mapping("executor")
        account = executor.text("serviceAccountName")
        if not is_literal(account) or account in seen:
            continue
        seen.add(account)
        if grants_of(ctx.index).of(ctx.namespace, account) and not has_token(
            account, ctx.index, ctx.namespace
        ):
            yield Finding(
                executor.value_span("serviceAccountName"),
                f"service account `{account}` has no token Secret for the executor to mount",
                help=f"make a Secret `{account}.service-account-token` of type kubernetes.io/service-account-token for it",
                fix=token_secret(account, ctx.namespace, ctx) or None,
            )
