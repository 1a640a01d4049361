"""Artifact garbage collection, as far as it is the driver's: what is to be observed, and what a crash has left undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from argolint.kube import KubeClient, resource_for
from executor.engine.artifact_gc import FINALIZER
from executor.engine.contract import ArtifactGCTaskObserved

Obj = dict[str, Any]
Object = Mapping[str, Any]

TASK = resource_for("WorkflowArtifactGCTask")
POD = resource_for("Pod")
COMPONENT_LABEL = "workflows.argoproj.io/component"
STRATEGIES = {"-artgc-wfcomp-": "OnWorkflowCompletion", "-artgc-wfdel-": "OnWorkflowDeletion"}


def pending(wf: Object) -> bool:
    """Whether a Workflow is kept until its artifacts are deleted."""
    return FINALIZER in ((wf.get("metadata") or {}).get("finalizers") or ())


def is_collector(pod: Object) -> bool:
    """Whether a pod deletes artifacts."""
    return ((pod.get("metadata") or {}).get("labels") or {}).get(COMPONENT_LABEL) == "artifact-gc"


def outstanding(wf: Object) -> list[str]:
    """The names of the pods that were asked for and whose results have not been taken over."""
    recouped = ((wf.get("status") or {}).get("artifactGCStatus") or {}).get("podsRecouped") or {}
    return sorted(name for name, done in recouped.items() if not done)


def recouped(before: Object, after: Object) -> list[str]:
    """The pods whose results have been taken over from `before` to `after`."""
    return sorted(set(outstanding(before)) - set(outstanding(after)))


def tasks_of(
    client: KubeClient, wf: Object, pods: Iterable[Object], known: Iterable[Object]
) -> list[ArtifactGCTaskObserved]:
    """The tasks of a Workflow, those of pods that have ended fresh from the API.

    Pods and tasks come by two watches, and a task is given up once its pod is seen to have ended. The pod writes the
    task before it ends, so what is read after that is complete. Raises ApiError.
    """
    open_pods = set(outstanding(wf))
    uid = (wf.get("metadata") or {}).get("uid")
    tasks = {str(task["metadata"]["name"]): task for task in known if _owned(task, uid)}
    for pod in pods:
        name = str(pod["metadata"]["name"])
        if name in open_pods and (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            fresh = client.try_get(TASK, f"{name}-0", str(pod["metadata"].get("namespace") or ""))
            if fresh is not None and _owned(fresh, uid):
                tasks[f"{name}-0"] = fresh
    return [ArtifactGCTaskObserved(tasks[name]) for name in sorted(tasks)]


def with_lost_pods_forgotten(client: KubeClient, wf: Obj, pods: Iterable[Object]) -> Obj:
    """The Workflow as the engine is to see it: a strategy whose pod is not there has not been begun.

    A controller that was killed between writing the status and creating the pod, or somebody who deleted the pod, would
    otherwise keep the Workflow for ever. Names are deterministic, so nothing is made twice. Raises ApiError.
    """
    present = {str(pod["metadata"]["name"]) for pod in pods}
    namespace = str(wf["metadata"].get("namespace") or "")
    lost = [
        name
        for name in outstanding(wf)
        if name not in present and client.try_get(POD, name, namespace) is None
    ]
    if not lost:
        return wf
    status = wf["status"]["artifactGCStatus"]
    again = {strategy for mark, strategy in STRATEGIES.items() if any(mark in name for name in lost)}
    processed = {k: v for k, v in (status.get("strategiesProcessed") or {}).items() if k not in again}
    return {
        **wf,
        "status": {**wf["status"], "artifactGCStatus": {**status, "strategiesProcessed": processed}},
    }


def _owned(obj: Object, uid: Any) -> bool:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or []
    return not owners or any(owner.get("uid") == uid for owner in owners)
