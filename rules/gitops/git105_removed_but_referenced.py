"""GIT105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.revisions import OPTION, removed
from argolint.context import Context
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule

ACCOUNTS = (
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "Sensor",
    "EventSource",
)


@rule("GIT105", "removed-but-referenced", on="project", severity="error", options={OPTION: []})
def check(index: Index, ctx: Context) -> Iterator[Finding]:
    """The change takes away an object that others still use."""
    base = ctx.option(OPTION)
    if not base:
        return
    gone = removed(base, index)
    for user in index.objects:
        for ref in user.references:
            what = gone.get((ref.object_kind, ref.object_name))
            if what is not None:
                yield Finding(
                    Elsewhere(user.path, ref.start, ref.end, ref.where),
                    f"the change removes {what}, which this {user.kind} refers to",
                    help="keep it until nothing refers to it, or change this in the same commit",
                    object=user.ref,
                )
        account = user.data.get("service_account") if user.kind in ACCOUNTS else None
        what = gone.get(("ServiceAccount", str(account or "")))
        if what is not None:
            yield Finding(
                Elsewhere(user.path, user.start, user.end),
                f"the change removes {what}, as which this {user.kind} runs",
                help="keep it until nothing runs as it",
                object=user.ref,
            )
