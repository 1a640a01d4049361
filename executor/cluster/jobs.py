"""The Job controller: pods until enough have succeeded or too many have failed (Kubernetes docs: Jobs)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from executor.cluster import crud, meta
from executor.cluster.crud import Call, DeleteOptions
from executor.cluster.podadmission import default_spec, spec_causes
from executor.cluster.podvalues import pod_causes
from executor.cluster.status import Cause, invalid, required
from executor.cluster.store import Entry

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

MANAGER: Final = "job-controller"
STORAGE: Final = "jobs.batch"
_FIRST_BACKOFF: Final = 10
_MAX_BACKOFF: Final = 360


def admit_job(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Defaults and checks of a Job. ApiStatus 422."""
    if call.subresource:
        return
    spec = obj.setdefault("spec", {})
    template = spec.setdefault("template", {})
    pod = template.setdefault("spec", {})
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        wrong = required("spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')
        raise invalid("Job", "batch", call.name, [wrong])
    if old is None:
        filled = copy.deepcopy(pod)
        default_spec(filled)
        path = "spec.template.spec"
        wrong_pod = [*spec_causes(filled, path), *pod_causes(filled, path)]
        if wrong_pod:
            raise invalid("Job", "batch", call.name, wrong_pod)
    if spec.get("completionMode", "NonIndexed") != "NonIndexed":
        why = "Unsupported value: indexed Jobs are not run by the embedded cluster"
        raise invalid(
            "Job", "batch", call.name, [Cause("FieldValueNotSupported", "spec.completionMode", why)]
        )
    if "parallelism" not in spec and "completions" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    uid = obj["metadata"]["uid"]
    if old is None and not spec.get("manualSelector"):
        labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": call.name}
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
        data = template.setdefault("metadata", {})
        data["labels"] = {
            **(data.get("labels") or {}),
            **labels,
            "controller-uid": uid,
            "job-name": call.name,
        }


def _seconds_since(timestamp: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(timestamp.replace("Z", "+00:00"))).total_seconds()


def _is_over(job: Mapping[str, Any]) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def pods_of(cluster: Cluster, job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The pods that a Job owns."""
    uid = job["metadata"]["uid"]
    owned = []
    for entry in cluster.store.items("pods", job["metadata"]["namespace"]):
        references = entry.obj["metadata"].get("ownerReferences") or ()
        if any(reference.get("uid") == uid for reference in references):
            owned.append(entry.obj)
    return owned


def reconcile(cluster: Cluster, entry: Entry) -> float | None:
    """Bring a Job one step on: count its pods, start or delete some, write its status.

    Returns in how many seconds to look again when nothing happens before; None when there is no need.
    """
    job = entry.obj
    if "deletionTimestamp" in job["metadata"]:
        return None
    if _is_over(job):
        return _expire(cluster, job)
    spec, pods = job["spec"], pods_of(cluster, job)
    before = job.get("status") or {}
    phases = [(pod.get("status") or {}).get("phase") for pod in pods]
    succeeded = max(phases.count("Succeeded"), before.get("succeeded", 0))
    failed = max(phases.count("Failed"), before.get("failed", 0))
    active = [
        pod
        for pod, phase in zip(pods, phases)
        if phase not in ("Succeeded", "Failed") and "deletionTimestamp" not in pod["metadata"]
    ]
    status: dict[str, Any] = {**before, "succeeded": succeeded, "failed": failed}
    if not spec.get("suspend"):
        status.setdefault("startTime", meta.timestamp())
    again: float | None = None
    wanted = spec.get("completions")
    deadline = spec.get("activeDeadlineSeconds")
    late = deadline is not None and "startTime" in status and _seconds_since(status["startTime"]) >= deadline
    if failed > spec["backoffLimit"]:
        _finish(status, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    elif late:
        _finish(status, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    elif succeeded >= (wanted if wanted is not None else 1) and not (wanted is None and active):
        _finish(status, "Complete", "CompletionsReached", "Reached expected number of succeeded pods")
        status["completionTime"] = meta.timestamp()
    if _is_over({"status": status}) or spec.get("suspend"):
        for pod in active:
            _delete_pod(cluster, pod)
        active = []
    else:
        again = _backoff(pods, failed)
        if again is None:
            missing = spec["parallelism"] if wanted is None else min(spec["parallelism"], wanted - succeeded)
            if wanted is None and succeeded:
                missing = 0
            for _ in range(missing - len(active)):
                active.append(_create_pod(cluster, job))
    if deadline is not None and "startTime" in status and not _is_over({"status": status}):
        left = max(0.1, deadline - _seconds_since(status["startTime"]))
        again = left if again is None else min(left, again)
    status["active"] = len(active)
    status["ready"] = phases.count("Running")
    _write_status(cluster, job, {key: value for key, value in status.items() if value != 0 or key == "ready"})
    return again if not _is_over({"status": status}) else spec.get("ttlSecondsAfterFinished")


def _backoff(pods: list[Mapping[str, Any]], failed: int) -> float | None:
    """Seconds until another pod may follow the last that failed; None when it may at once."""
    if not failed:
        return None
    ends = [
        condition.get("finishedAt")
        for pod in pods
        if (pod.get("status") or {}).get("phase") == "Failed"
        for container in pod["status"].get("containerStatuses") or ()
        if (condition := (container.get("state") or {}).get("terminated"))
    ]
    last = max((end for end in ends if end), default=None)
    if last is None:
        return None
    left = min(_FIRST_BACKOFF * 2 ** (failed - 1), _MAX_BACKOFF) - _seconds_since(last)
    return left if left > 0 else None


def _finish(status: dict[str, Any], kind: str, reason: str, message: str) -> None:
    now = meta.timestamp()
    condition = {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastProbeTime": now,
        "lastTransitionTime": now,
    }
    status["conditions"] = [*(status.get("conditions") or ()), condition]


def _call(cluster: Cluster, storage: str, namespace: str, name: str = "", subresource: str = "") -> Call:
    resource = cluster.registry.of_storage(storage)
    assert resource is not None
    return Call(resource, namespace, name, subresource=subresource, manager=MANAGER)


def _create_pod(cluster: Cluster, job: Mapping[str, Any]) -> Mapping[str, Any]:
    template = orjson.loads(orjson.dumps(job["spec"]["template"]))
    data = job["metadata"]
    owner = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": data["name"],
        "uid": data["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = (template.get("metadata") or {}).get("labels") or {}
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    body = {
        "metadata": {
            "generateName": data["name"] + "-",
            "labels": labels,
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }
    return crud.create(cluster.writer, _call(cluster, "pods", data["namespace"]), body).obj


def _delete_pod(cluster: Cluster, pod: Mapping[str, Any]) -> None:
    data = pod["metadata"]
    crud.delete(cluster.writer, _call(cluster, "pods", data["namespace"], data["name"]), DeleteOptions())


def _write_status(cluster: Cluster, job: Mapping[str, Any], status: dict[str, Any]) -> None:
    data = job["metadata"]

    def change(obj: dict[str, Any]) -> dict[str, Any]:
        obj["status"] = status
        return obj

    crud.patch(cluster.writer, _call(cluster, STORAGE, data["namespace"], data["name"], "status"), change)


def _expire(cluster: Cluster, job: Mapping[str, Any]) -> float | None:
    """Delete a finished Job when its time to live is over; the seconds until then otherwise."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    if ttl is None:
        return None
    end = max(item["lastTransitionTime"] for item in job["status"]["conditions"])
    left = ttl - _seconds_since(end)
    if left > 0:
        return float(left)
    data = job["metadata"]
    crud.delete(cluster.writer, _call(cluster, STORAGE, data["namespace"], data["name"]), DeleteOptions())
    return None
