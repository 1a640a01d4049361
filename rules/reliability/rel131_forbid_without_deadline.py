"""REL131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "REL131",
    "forbid-without-deadline",
    on="object",
    severity="info",
    default=False,
    kinds=("CronWorkflow",),
    keys=("concurrencyPolicy",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """One run that hangs keeps the schedule from ever starting another."""
    spec = obj.spec
    inner = spec.mapping("workflowSpec")
    if spec.text("concurrencyPolicy") != "Forbid" or inner.get("activeDeadlineSeconds") is not None:
        return
    if inner.get("workflowTemplateRef") is not None:
        return  # the deadline may be in the template
    yield Finding(
        spec.value_span("concurrencyPolicy"),
        "with `Forbid` and no deadline, one run that hangs stops the schedule until somebody ends it",
        help="set `activeDeadlineSeconds` in `workflowSpec`",
    )
