"""When a finished Workflow is deleted: `ttlStrategy`, and the controller's `retentionPolicy`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from executor.render import parse_time

Object = Mapping[str, Any]
Key = tuple[str, str]

ARCHIVING_LABEL = "workflows.argoproj.io/workflow-archiving-status"


def exec_spec(wf: Object) -> Object:
    """The spec that is executed: the one merged with its WorkflowTemplate when there is one."""
    stored = (wf.get("status") or {}).get("storedWorkflowTemplateSpec")
    spec = wf.get("spec")
    if isinstance(stored, Mapping):
        return stored
    return spec if isinstance(spec, Mapping) else {}


def ttl_seconds(wf: Object) -> int | None:
    """How long the Workflow is kept after it has finished; None means for ever.

    secondsAfterFailure is for Failed, not for Error; secondsAfterCompletion for whatever the others do not cover.
    """
    strategy = (wf.get("spec") or {}).get("ttlStrategy") or exec_spec(wf).get("ttlStrategy")
    if not isinstance(strategy, Mapping):
        return None
    phase = (wf.get("status") or {}).get("phase")
    for wanted, field in (("Failed", "secondsAfterFailure"), ("Succeeded", "secondsAfterSuccess")):
        value = strategy.get(field)
        if phase == wanted and isinstance(value, int) and not isinstance(value, bool):
            return value
    value = strategy.get("secondsAfterCompletion")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def expires_at(wf: Object) -> datetime | None:
    """When a completed Workflow is to be deleted (one second after its TTL, as upstream does); None means never."""
    labels = (wf.get("metadata") or {}).get("labels") or {}
    if labels.get("workflows.argoproj.io/completed") != "true" or labels.get(ARCHIVING_LABEL) == "Pending":
        return None
    seconds = ttl_seconds(wf)
    finished = parse_time((wf.get("status") or {}).get("finishedAt"))
    if seconds is None or finished is None:
        return None
    return finished + timedelta(seconds=seconds + 1)


def beyond_retention(workflows: Iterable[Object], policy: Object) -> list[Key]:
    """Keys of the completed workflows to delete because newer ones of their phase fill the retention policy."""
    limits = {
        phase: policy.get(field)
        for phase, field in (("Succeeded", "completed"), ("Failed", "failed"), ("Error", "errored"))
    }
    groups: dict[str, list[Object]] = {}
    for wf in workflows:
        labels = (wf.get("metadata") or {}).get("labels") or {}
        if labels.get("workflows.argoproj.io/completed") == "true":
            groups.setdefault(str((wf.get("status") or {}).get("phase")), []).append(wf)
    out: list[Key] = []
    for phase, limit in limits.items():
        if not isinstance(limit, int) or isinstance(limit, bool) or limit <= 0:
            continue
        newest_first = sorted(
            groups.get(phase, []),
            key=lambda wf: str((wf.get("status") or {}).get("finishedAt") or ""),
            reverse=True,
        )
        out.extend(
            (str(wf["metadata"].get("namespace", "")), str(wf["metadata"]["name"]))
            for wf in newest_first[limit:]
        )
    return out
