"""The engine: Argo Workflows' semantics as a pure function of a Workflow object.

`advance(state, observations, now, context) -> Step` moves a workflow on; `executor.engine.contract` has the types.
`new_workflow` prepares a manifest. What users do from outside: `stop`, `terminate`, `suspend`, `resume`, `set_outputs`, `retry`,
`resubmit`. Where to look: `operate` (a pass), `execute` (one template), `types/` (one module a template type), `retry` (whether
to try again), `dag_phase` (where a DAG's phase comes from), `substitute` (where a tag is replaced), `podstate` (from pod to node).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from executor.engine.clock import format_time
from executor.engine.contract import Context, Step
from executor.engine.operate import advance
from executor.engine.operations import resume, set_outputs, stop, suspend, terminate
from executor.engine.rerun import Retried, resubmit, retry

__all__ = [
    "Context",
    "Retried",
    "Step",
    "advance",
    "new_workflow",
    "resubmit",
    "resume",
    "retry",
    "set_outputs",
    "stop",
    "suspend",
    "terminate",
]


def new_workflow(
    manifest: Mapping[str, Any], *, name: str, uid: str, now: datetime, namespace: str = ""
) -> dict[str, Any]:
    """A manifest as the API server would store it: named, with uid, namespace and creation time, without a status."""
    metadata = dict(manifest.get("metadata") or {})
    metadata["name"] = name
    metadata["namespace"] = namespace or metadata.get("namespace") or "default"
    metadata["uid"] = uid
    metadata["creationTimestamp"] = format_time(now)
    made = {k: v for k, v in manifest.items() if k != "status"}
    made.setdefault("apiVersion", "argoproj.io/v1alpha1")
    made.setdefault("kind", "Workflow")
    made["metadata"] = metadata
    return made
