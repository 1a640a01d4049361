"""DEP103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.versions import as_list, deprecated
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule(
    "DEP103",
    "cron-schedule-singular",
    on="object",
    severity="warning",
    kinds=("CronWorkflow",),
    fix="safe",
    keys=("schedule",),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """`schedule` is deprecated: `schedules` is a list."""
    spec = obj.spec
    if deprecated(ctx.argo_version) and spec.get("schedule"):
        yield Finding(
            spec.key_span("schedule"),
            "`schedule` is deprecated since Argo 3.6 and removed in 4.0",
            help="use `schedules`, a list",
            fix=None if "schedule" in spec.map.merged else as_list(spec, "schedule", ctx),
        )
