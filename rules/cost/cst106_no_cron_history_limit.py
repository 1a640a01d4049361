"""CST106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CST106", "no-cron-history-limit", on="object", severity="info", default=False, kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """How many runs a CronWorkflow keeps is left to the default."""
    missing = [
        key
        for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit")
        if obj.spec.get(key) is None and obj.spec.map
    ]
    if missing:
        yield Finding(
            obj.key_span("spec"),
            f"{' and '.join(f'`{key}`' for key in missing)} not set: 3 succeeded runs and 1 failed one are kept",
            help="say how many you want to look at",
        )
