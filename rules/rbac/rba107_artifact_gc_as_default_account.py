"""RBA107."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac import DEFAULT_ACCOUNT
from argolint.analysis.rbac_needs import collecting
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule(
    "RBA107",
    "artifact-gc-as-default-account",
    on="spec",
    severity="warning",
    fix="unsafe",
    keys=("artifactGC",),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Artifacts are deleted as the namespace's `default` account, although the workflow has one of its own."""
    own = spec.text("serviceAccountName")
    if not own or own == DEFAULT_ACCOUNT:
        return
    for account, at in dict(collecting(spec)).items():
        if account == DEFAULT_ACCOUNT:
            whole = spec.mapping("artifactGC")
            yield Finding(
                at,
                "artifacts are deleted as the account `default`: artifactGC does not use the workflow's account",
                help=f"name one under artifactGC: `serviceAccountName: {own}`",
                related=[(spec.value_span("serviceAccountName"), "used by the workflow's pods only")],
                fix=add_key(ctx.source, whole.map, "serviceAccountName", own)
                if whole.text("strategy")
                else None,
            )
