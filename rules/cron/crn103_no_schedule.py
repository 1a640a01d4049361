"""CRN103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CRN103", "no-schedule", on="object", severity="error", kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A CronWorkflow without a schedule."""
    spec = obj.spec
    if obj.embedded or not spec.map or spec.get("schedules") or spec.get("schedule"):
        return
    field = "schedules" if ctx.argo_version >= (3, 6) else "schedule"
    yield Finding(
        spec.key_span("schedules"),
        "this CronWorkflow has no schedule, so it never runs",
        help=f"add `{field}`",
    )
