"""The kubelet plays `argoexec artifact delete`: it works off the WorkflowArtifactGCTasks of a pod.

The pod that the controller creates for artifact garbage collection runs upstream's argoexec image. There is none here, so
its part is played in process, against the cluster's own artifact store: every artifact of every task that carries the
pod's label is deleted, and what came of each is written to the task's status before the pod is said to have ended.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor.artifacts import locations
from executor.artifacts.base import ArtifactError, ArtifactStore
from executor.cluster.kubelet_pod import argoexec_variable
from executor.cluster.podlogs import LogWriter
from executor.runtimes.podstatus import stamp

Obj = dict[str, Any]
Object = Mapping[str, Any]

TASK = resource_for("WorkflowArtifactGCTask")
POD_LABEL = "workflows.argoproj.io/artifact-gc-pod"


def task_label(pod: Object) -> str:
    """The label value by which a pod finds its tasks; "" when it does not run `argoexec artifact delete`."""
    return argoexec_variable(pod, ("artifact", "delete"), "ARGO_ARTIFACT_POD_NAME")


def play(
    client: KubeClient,
    pod: Object,
    store: ArtifactStore,
    lookup_secret: Callable[[str, str], Object | None],
    log: Path,
    wanted: Callable[[], bool],
) -> Obj | None:
    """Run such a pod to its end; its last status, None once it is not `wanted` any more.

    Deleting twice is fine, so it is begun anew as long as the API does not answer.
    """
    log.unlink(missing_ok=True)
    writer = LogWriter(log)
    delay = 0.2
    try:
        while wanted():
            try:
                return delete_artifacts(
                    client, pod, store, lookup_secret, lambda line: writer.write("stdout", f"{line}\n")
                )
            except ApiError as error:
                if not error.transient:
                    return last_status(pod, 1, str(error))
                time.sleep(delay)
                delay = min(delay * 2, 10.0)
            except Exception as error:
                return last_status(pod, 1, f"internal error of the kubelet: {type(error).__name__}: {error}")
        return None
    finally:
        writer.close()


def delete_artifacts(
    client: KubeClient,
    pod: Object,
    store: ArtifactStore,
    lookup_secret: Callable[[str, str], Object | None],
    say: Callable[[str], None],
) -> Obj:
    """Work off a pod's tasks; the pod's last status. `say` gets the lines of its log. Raises ApiError when the API does not answer."""
    namespace = str(pod["metadata"]["namespace"])
    bind = getattr(store, "with_secrets", None)
    reach = bind(lambda reference: _secret_value(lookup_secret, namespace, reference)) if bind else store
    label = f"{POD_LABEL}={task_label(pod)}"
    tasks = client.list(TASK, namespace, label_selector=label).items
    failures = 0
    for task in tasks:
        results = task_results(task, reach, say)
        failures += sum(
            not one["success"] for node in results.values() for one in node["artifactResults"].values()
        )
        try:
            name = task["metadata"]["name"]
            patch = {
                "metadata": {"uid": task["metadata"]["uid"]},
                "status": {"artifactResultsByNode": results},
            }
            try:
                client.patch(TASK, name, patch, namespace, subresource="status")
            except ApiError as error:
                if not error.not_found:
                    raise
                client.patch(TASK, name, patch, namespace)  # installed without the subresource
        except ApiError as error:
            if error.transient:
                raise
            return last_status(pod, 1, f"the result of task {task['metadata']['name']} was refused: {error}")
    say(f"{len(tasks)} tasks, {failures} artifacts could not be deleted")
    return last_status(pod, 0, "")


def task_results(task: Object, store: ArtifactStore, say: Callable[[str], None]) -> dict[str, Obj]:
    """Delete a task's artifacts; `artifactResultsByNode` of its status."""
    out: dict[str, Obj] = {}
    for node_id, entry in sorted(((task.get("spec") or {}).get("artifactsByNode") or {}).items()):
        repository = entry.get("archiveLocation") or {}
        results: dict[str, Obj] = {}
        for name, artifact in sorted((entry.get("artifacts") or {}).items()):
            results[name] = {"name": name, "success": True}
            try:
                locations.delete(artifact, store, repository)
                say(f"deleted artifact {name} of {node_id}")
            except (ArtifactError, OSError) as error:
                results[name] = {"name": name, "success": False, "error": str(error)}
                say(f"artifact {name} of {node_id} was not deleted: {error}")
        out[node_id] = {"artifactResults": results}
    return out


def last_status(pod: Object, code: int, message: str) -> Obj:
    """The status of a pod whose only container has ended with `code`."""
    now, phase = stamp(), "Failed" if code else "Succeeded"
    reason = "Error" if code else "Completed"
    return {
        "phase": phase,
        **({"message": message} if message else {}),
        "startTime": now,
        "containerStatuses": [
            {
                "name": str(container.get("name")),
                "image": str(container.get("image") or ""),
                "imageID": "",
                "ready": False,
                "started": False,
                "restartCount": 0,
                "state": {
                    "terminated": {"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}
                },
            }
            for container in (pod.get("spec") or {}).get("containers") or []
        ],
        "qosClass": "Burstable",
    }


def _secret_value(
    lookup_secret: Callable[[str, str], Object | None], namespace: str, reference: Object
) -> str:
    secret = lookup_secret(namespace, str(reference.get("name") or "")) or {}
    value = (secret.get("data") or {}).get(reference.get("key"))
    if value is None:
        raise ArtifactError(f"secret {reference.get('name')!r} has no key {reference.get('key')!r}")
    return base64.b64decode(value).decode("utf-8", "replace")
