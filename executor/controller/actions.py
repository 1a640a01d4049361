"""Carry out the engine's commands against a Kubernetes API.

Every action may be repeated: a controller that was killed after writing a Workflow and before acting is told
the same again by the engine.
"""

from __future__ import annotations

import hashlib
import queue
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from executor.engine.contract import (
    CreateObject,
    CreatePod,
    CreatePodFailed,
    DeleteObject,
    DeletePod,
    LabelPodCompleted,
    PutConfigMapKey,
    RecordEvent,
    TerminatePod,
)

Obj = dict[str, Any]
Object = Mapping[str, Any]

POD = resource_for("Pod")
CONFIG_MAP = resource_for("ConfigMap")
EVENT = resource_for("Event")
COMPLETED_LABEL = "workflows.argoproj.io/completed"
# A kubelet that signals containers itself when asked by annotation says so with the first of these.
SIGNALS_ANNOTATION = "kubelet.argolint.dev/signals"
TERMINATE_ANNOTATION = "kubelet.argolint.dev/terminate"
TRANSIENT_TEXTS = (
    "exceeded quota",
    "connection reset",
    "connection refused",
    "i/o timeout",
    "tls handshake timeout",
    "etcdserver",
    "try again",
    "has not been created",
    "is being terminated",
)


def create_pod(client: KubeClient, namespace: str, uid: str, command: CreatePod) -> Obj | CreatePodFailed:
    """Create a pod; the pod as stored, or why it could not be made.

    A pod of that name that belongs to this workflow is the one that was asked for before. One that belongs to another
    (an older workflow of the same name whose pods are still being collected) is waited for.
    """
    try:
        return client.create(POD, command.pod, namespace)
    except ApiError as error:
        if not error.already_exists:
            return CreatePodFailed(command.node_id, error.message, is_transient(error))
    name = str(command.pod["metadata"]["name"])
    found = client.try_get(POD, name, namespace)
    if found is None:
        return CreatePodFailed(command.node_id, f"pod {name} was deleted while it was created", True)
    owners = (found["metadata"].get("ownerReferences")) or []
    if owners and uid and all(owner.get("uid") != uid for owner in owners):
        return CreatePodFailed(command.node_id, f"pod {name} of another workflow is still there", True)
    return found


def is_transient(error: ApiError) -> bool:
    """Whether a refused write may succeed later: no reply, overload, or a quota that is exhausted now."""
    text = error.message.lower()
    return error.transient or error.conflict or any(part in text for part in TRANSIENT_TEXTS)


def delete_pod(client: KubeClient, namespace: str, command: DeletePod) -> None:
    """Delete a pod; absent is fine. With a uid, another pod that has taken its name by now is left alone."""
    try:
        client.delete(POD, command.pod_name, namespace, uid=command.uid or None)
    except ApiError as error:
        if not error.not_found and not (command.uid and error.conflict):
            raise


def label_completed(client: KubeClient, namespace: str, command: LabelPodCompleted) -> None:
    """Label a pod as completed; absent is fine."""
    patch = {"metadata": {"labels": {COMPLETED_LABEL: "true"}}}
    _ignore_absent(lambda: client.patch(POD, command.pod_name, patch, namespace))


def terminate_pod(client: KubeClient, namespace: str, command: TerminatePod) -> None:
    """End a pod's containers but keep the pod, so that its outputs and exit codes can still be read.

    Our kubelet is asked by annotation. Elsewhere argoexec is run in each container, as upstream does; where that
    is not possible the pod is deleted, which ends its containers too.
    """
    pod = client.try_get(POD, command.pod_name, namespace)
    if pod is None or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return
    annotations = pod["metadata"].get("annotations") or {}
    if SIGNALS_ANNOTATION in annotations:
        if TERMINATE_ANNOTATION not in annotations:
            patch = {"metadata": {"annotations": {TERMINATE_ANNOTATION: _stamp()}}}
            _ignore_absent(lambda: client.patch(POD, command.pod_name, patch, namespace))
        return
    if (pod.get("status") or {}).get("phase") == "Pending" or not _signal_by_exec(client, pod):
        _ignore_absent(lambda: client.delete(POD, command.pod_name, namespace))


def _signal_by_exec(client: KubeClient, pod: Obj) -> bool:
    """Whether SIGTERM was sent to every running container by `argoexec kill` (what upstream's controller does)."""
    from kubernetes import client as api
    from kubernetes.stream import stream

    core = api.CoreV1Api(api.ApiClient(client._configuration))
    running = [
        status["name"]
        for status in (pod.get("status") or {}).get("containerStatuses") or []
        if "running" in (status.get("state") or {})
    ]
    for name in running:
        command = ["/var/run/argo/argoexec", "kill", "15", "1"]
        try:
            stream(
                core.connect_get_namespaced_pod_exec,
                pod["metadata"]["name"],
                pod["metadata"]["namespace"],
                container=name,
                command=command,
                stdout=True,
                stderr=True,
                _request_timeout=10,
            )
        except Exception:
            return False
    return bool(running)


def create_object(client: KubeClient, namespace: str, command: CreateObject) -> None:
    """Create an object; AlreadyExists is fine. Raises ApiError."""
    obj = command.object
    resource = client.resource_of(obj)
    try:
        client.create(resource, obj, str(obj["metadata"].get("namespace") or namespace))
    except ApiError as error:
        if not error.already_exists:
            raise


def delete_object(client: KubeClient, command: DeleteObject) -> None:
    """Delete an object; absent is fine. Raises ApiError."""
    resource = client.resource(command.api_version, command.kind)
    _ignore_absent(lambda: client.delete(resource, command.name, command.namespace))


def put_config_map_key(client: KubeClient, command: PutConfigMapKey) -> Obj:
    """Set one key of a ConfigMap, creating it when absent; the ConfigMap as stored. Raises ApiError."""
    patch = {"data": {command.key: command.value}}
    for _ in range(3):
        try:
            return client.patch(CONFIG_MAP, command.name, patch, command.namespace)
        except ApiError as error:
            if not error.not_found:
                raise
        fresh = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": command.name,
                "namespace": command.namespace,
                "labels": dict(command.labels),
            },
            **patch,
        }
        try:
            return client.create(CONFIG_MAP, fresh, command.namespace)
        except ApiError as error:
            if not error.already_exists:
                raise
    raise ApiError(409, "Conflict", f"configmap {command.name} is made and deleted again and again")


def event_object(wf: Object, command: RecordEvent, component: str = "workflow-controller") -> Obj:
    """The core/v1 Event about a Workflow (or CronWorkflow). Equal events at one second share their name."""
    meta = wf["metadata"]
    stamp = _stamp()
    text = f"{meta.get('uid')}{command.type}{command.reason}{command.message}{stamp}"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{str(meta['name'])[:200]}.{hashlib.sha256(text.encode()).hexdigest()[:16]}",
            "namespace": meta.get("namespace", ""),
        },
        "involvedObject": {
            "apiVersion": wf.get("apiVersion", "argoproj.io/v1alpha1"),
            "kind": wf.get("kind", "Workflow"),
            "name": meta["name"],
            "namespace": meta.get("namespace", ""),
            "uid": meta.get("uid", ""),
            "resourceVersion": meta.get("resourceVersion", ""),
        },
        "type": command.type,
        "reason": command.reason,
        "message": command.message[:1024],
        "source": {"component": component},
        "reportingComponent": component,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
    }


class EventRecorder:
    """Writes Events on a thread of its own. Events are advice: when too many wait, new ones are dropped."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._queue: queue.Queue[Obj | None] = queue.Queue(maxsize=1000)
        self._complained = False
        threading.Thread(target=self._run, name="events", daemon=True).start()

    def record(self, wf: Object, command: RecordEvent, component: str = "workflow-controller") -> None:
        """Write an Event soon."""
        try:
            self._queue.put_nowait(event_object(wf, command, component))
        except queue.Full:
            pass

    def stop(self) -> None:
        """Stop after what is queued."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            pass

    def _run(self) -> None:
        while (event := self._queue.get()) is not None:
            try:
                self._client.create(EVENT, event, event["metadata"]["namespace"])
            except ApiError as error:
                if not error.already_exists and not self._complained:
                    self._complained = True
                    print(f"events cannot be written: {error}", file=sys.stderr)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ignore_absent(call: Any) -> None:
    try:
        call()
    except ApiError as error:
        if not error.not_found:
            raise
