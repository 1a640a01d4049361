"""Locks between workflows, through the embedded API and its kubelet."""

from __future__ import annotations

from typing import Any

from argolint.kube import resource_for

WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: %(name)s}
spec:
  entrypoint: work
  templates:
  - name: work
    synchronization: {%(lock)s}
    container: {image: busybox, command: [sh, -c, "sleep %(seconds)s"]}
"""
MUTEX = "mutexes: [{name: one}]"
SEMAPHORE = "semaphores: [{configMapKeyRef: {name: limits, key: work}}]"


def start(cluster: Any, name: str, lock: str, seconds: float) -> None:
    cluster.create(WORKFLOW % {"name": name, "lock": lock, "seconds": seconds})


def node(wf: Any) -> dict[str, Any]:
    return (wf.get("status") or {}).get("nodes", {}).get(wf["metadata"]["name"]) or {}


def test_a_mutex_of_a_template_serialises_workflows(cluster: Any) -> None:
    start(cluster, "first", MUTEX, 0.6)
    cluster.until("first", lambda wf: node(wf).get("phase") == "Running")
    start(cluster, "second", MUTEX, 0.1)
    waiting = cluster.until("second", lambda wf: "synchronizationStatus" in node(wf))
    key = f"{cluster.namespace}/Mutex/one"
    assert node(waiting)["message"] == f"Waiting for {key} lock. Lock status: 0/1"
    assert waiting["status"]["synchronization"] == {
        "mutex": {"waiting": [{"mutex": key, "holder": f"{cluster.namespace}/first/first"}]}
    }
    ended = {
        name: cluster.until(name, lambda wf: node(wf).get("phase") == "Succeeded")
        for name in ("first", "second")
    }
    pods = resource_for("Pod")
    last = cluster.client.get(pods, "first", cluster.namespace)["status"]["containerStatuses"]
    begun = cluster.client.get(pods, "second", cluster.namespace)["metadata"]["creationTimestamp"]
    finished = [s["state"]["terminated"]["finishedAt"] for s in last]
    assert begun >= max(finished)
    assert all(
        "synchronization" not in wf["status"] or not wf["status"]["synchronization"] for wf in ended.values()
    )


def test_a_larger_limit_lets_another_workflow_in(cluster: Any) -> None:
    limits = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "limits"}, "data": {"work": "1"}}
    resource = resource_for("ConfigMap")
    cluster.client.create(resource, limits, cluster.namespace)
    start(cluster, "first", SEMAPHORE, 60)
    cluster.until("first", lambda wf: node(wf).get("phase") == "Running")
    start(cluster, "second", SEMAPHORE, 0.1)
    cluster.until("second", lambda wf: "synchronizationStatus" in node(wf))
    cluster.client.patch(resource, "limits", {"data": {"work": "2"}}, cluster.namespace)
    cluster.until("second", lambda wf: wf["status"]["phase"] == "Succeeded")
    assert cluster.get("first")["status"]["phase"] == "Running"
    cluster.client.patch(
        resource_for("Workflow"), "first", {"spec": {"shutdown": "Terminate"}}, cluster.namespace
    )
    cluster.until("first", lambda wf: wf["status"]["phase"] == "Failed")
