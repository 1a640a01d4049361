"""What changed for one workflow since its last pass, as the engine's observations. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from executor.engine.contract import Observation, PodDeleted, PodObserved, TaskResultObserved
from executor.render import nodes_of, pod_name_of

Object = Mapping[str, Any]

NODE_ID = "workflows.argoproj.io/node-id"
REPORTED_LABEL = "workflows.argoproj.io/report-outputs-completed"
FULFILLED = ("Succeeded", "Failed", "Error", "Skipped", "Omitted")


@dataclass(frozen=True, slots=True)
class Seen:
    """The resourceVersions of the pods and task results that the engine has been shown, by name."""

    pods: Mapping[str, str] = field(default_factory=dict)
    results: Mapping[str, str] = field(default_factory=dict)


def observe(
    wf: Object, pods: Iterable[Object], results: Iterable[Object], seen: Seen | None
) -> tuple[list[Observation], Seen]:
    """The observations since `seen` (None: everything there is), and what has been seen after them.

    Task results come first, because a pod that has ended is judged by what it reported. Pods and results of
    an older workflow of the same name (another owner uid) are left out.
    """
    uid = (wf.get("metadata") or {}).get("uid")
    before = seen or Seen()
    out: list[Observation] = []
    results_now = {}
    for result in sorted(results, key=_name):
        if not _owned(result, uid):
            continue
        name, version = _name(result), _version(result)
        results_now[name] = version
        if before.results.get(name) != version:
            out.append(TaskResultObserved(result))
    pods_now = {}
    for pod in sorted(pods, key=_name):
        if not _owned(pod, uid):
            continue
        name, version = _name(pod), _version(pod)
        pods_now[name] = version
        if before.pods.get(name) != version:
            out.append(PodObserved(pod))
    gone = before.pods.keys() - pods_now.keys()
    if seen is None:
        gone = {name for name in _expected_pods(wf) if name not in pods_now}
    out.extend(PodDeleted(name) for name in sorted(gone))
    return out, Seen(pods_now, results_now)


def unreported(pods: Iterable[Object], results: Iterable[Object], seen: Seen | None) -> list[tuple[str, str]]:
    """(namespace, node id) of pods that have ended since `seen`, have an argoexec `wait` container, and of whose task
    result the last part is not among `results`.
    """
    complete = {
        _name(result)
        for result in results
        if ((result.get("metadata") or {}).get("labels") or {}).get(REPORTED_LABEL) == "true"
    }
    out = []
    for pod in pods:
        meta = pod.get("metadata") or {}
        node_id = (meta.get("annotations") or {}).get(NODE_ID)
        ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        new = seen is None or seen.pods.get(_name(pod)) != _version(pod)
        if ended and new and node_id and node_id not in complete and _has_wait(pod):
            out.append((str(meta.get("namespace") or ""), str(node_id)))
    return out


def _has_wait(pod: Object) -> bool:
    containers = (pod.get("spec") or {}).get("containers") or []
    return any(container.get("name") == "wait" for container in containers)


def _expected_pods(wf: Object) -> list[str]:
    """Names of the pods that must be there: of nodes that have started and have not ended.

    A Pending node may not have got its pod yet; the engine asks for that one again.
    """
    return [
        pod_name_of(wf, node)
        for node in nodes_of(wf).values()
        if node.get("type") == "Pod" and node.get("phase") not in (*FULFILLED, "Pending", None)
    ]


def _owned(obj: Object, uid: Any) -> bool:
    owners = (obj.get("metadata") or {}).get("ownerReferences") or []
    return not owners or uid is None or any(owner.get("uid") == uid for owner in owners)


def _name(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _version(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("resourceVersion") or "")
