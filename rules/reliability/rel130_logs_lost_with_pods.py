"""REL130."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL130", "logs-lost-with-pods", on="spec", severity="info", default=False, keys=("podGC",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Pods are deleted as soon as they end, and their logs are not kept."""
    collector = spec.mapping("podGC")
    if collector.text("strategy") not in ("OnPodCompletion", "OnWorkflowCompletion"):
        return
    if spec.get("archiveLogs") is True or collector.get("deleteDelayDuration") is not None:
        return
    if any(template.mapping("archiveLocation").get("archiveLogs") is True for template in spec.all_templates):
        return
    yield Finding(
        collector.value_span("strategy"),
        "the pods of failed steps are deleted too, and their logs with them",
        help="set `archiveLogs: true`, or keep failed pods with `OnPodSuccess`",
    )
