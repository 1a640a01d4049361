"""RBA105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import grants_of
from argolint.analysis.rbac_least import token_secret
from argolint.analysis.rbac_needs import has_token, runs_alone
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule(
    "RBA105",
    "missing-agent-token-secret",
    on="spec",
    severity="warning",
    fix="unsafe",
    cross_file=True,
    keys=("http", "plugin"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The agent of http and plugin templates looks for a token Secret of its account, and the tree has none."""
    agents = [template for template in spec.all_templates if template.type in ("http", "plugin")]
    account = spec.text("serviceAccountName")
    if not agents or not is_literal(account) or not runs_alone(spec, ctx.index, ctx.namespace):
        return
    if not grants_of(ctx.index).of(ctx.namespace, account) or has_token(account, ctx.index, ctx.namespace):
        return
    yield Finding(
        spec.value_span("serviceAccountName"),
        f"service account `{account}` has no token Secret, which the agent of {agents[0].label} needs",
        help=f"make a Secret `{account}.service-account-token` of type kubernetes.io/service-account-token for it",
        fix=token_secret(account, ctx.namespace, ctx) or None,
        related=[(agents[0].name_span, "run by the agent")],
    )
