"""RBA420."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.rbac_controller import controllers_of
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("RBA420", "controller-namespace-workflow", on="spec", severity="warning", cross_file=True)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A workflow runs in the namespace of the workflow controller."""
    if not ctx.namespace or spec.kind not in ("Workflow", "CronWorkflow", "WorkflowTemplate"):
        return
    for namespace, account in controllers_of(ctx.index):
        if namespace == ctx.namespace:
            yield Finding(
                spec.owner.metadata.value_span("namespace"),
                f"the workflow controller (account `{account}`) lives in `{namespace}`, too: a workflow there can reach its configuration and Secrets",
                help="run workflows in a namespace of their own",
            )
            return
