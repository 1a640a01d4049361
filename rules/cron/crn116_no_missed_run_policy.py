"""CRN116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CRN116", "no-missed-run-policy", on="object", severity="info", kinds=("CronWorkflow",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Runs that the controller misses are not caught up."""
    spec = obj.spec
    if (
        obj.embedded
        or spec.get("startingDeadlineSeconds")
        or not (spec.get("schedules") or spec.get("schedule"))
    ):
        return
    yield Finding(
        spec.key_span("startingDeadlineSeconds") if "startingDeadlineSeconds" in spec else spec.head,
        "a run that falls into a restart of the controller is lost",
        help="set `startingDeadlineSeconds`, how late a run may still start",
    )
