"""EVT123."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import events
from argolint.context import Context
from argolint.model.events import triggers
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

_FROM = ("CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate")


@rule("EVT123", "operation-does-not-fit", on="object", severity="error", kinds=("Sensor",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An `argoWorkflow` trigger has an operation that does not fit its resource."""
    for trigger in triggers(obj):
        resource = trigger.resource
        operation = trigger.body.text("operation") or "submit"
        if trigger.type != "argoWorkflow" or resource is None or not is_literal(operation):
            continue
        span, kind = trigger.body.value_span("operation"), resource.kind
        if operation == "submit" and kind in _FROM:
            yield Finding(
                span, f"`submit` takes a Workflow, this is a {kind}", help="write `operation: submit-from`"
            )
        elif operation == "submit-from" and kind not in _FROM:
            yield Finding(span, f"`submit-from` takes a WorkflowTemplate or CronWorkflow, this is a {kind}")
        elif operation not in ("submit", "submit-from") and not resource.name:
            written = {events.resource_path(feed) for feed in events.feeds_of(trigger)}
            if "metadata.name" not in written:
                yield Finding(span, f"`{operation}` needs the name of a Workflow, the resource has none")
