"""Artifact garbage collection through the whole embedded cluster: finalizer, task, pod, store, status."""

from __future__ import annotations

import time
from typing import Any

import pytest

from argolint.kube import resource_for
from executor.cluster import kubelet_artifacts
from executor.controller import artifacts
from executor.engine.artifact_gc import FINALIZER

pytestmark = pytest.mark.sandbox
WORKFLOW, TASK, POD = (resource_for(kind) for kind in ("Workflow", "WorkflowArtifactGCTask", "Pod"))
Obj = dict[str, Any]

TWO = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: %s}
spec:
  entrypoint: main
  artifactGC: {strategy: %s}
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, "echo one > /tmp/a; echo two > /tmp/b"]}
    outputs:
      artifacts:
      - {name: a, path: /tmp/a, s3: {bucket: gc, key: "%s/a.tgz"}}
      - {name: b, path: /tmp/b, s3: {bucket: gc, key: "%s/b.tgz"}, artifactGC: {strategy: %s}}
"""


def make(cluster: Any, name: str, first: str, second: str) -> None:
    place = f"{cluster.namespace}/{name}"
    cluster.create(TWO % (name, first, place, place, second))


def stored(cluster: Any, name: str) -> set[str]:
    folder = cluster.data / "artifacts" / "s3" / "gc" / cluster.namespace / name
    return {path.name for path in folder.glob("*")}


def gone(cluster: Any, name: str) -> None:
    end = time.monotonic() + 20
    while (found := cluster.client.try_get(WORKFLOW, name, cluster.namespace)) is not None:
        assert time.monotonic() < end, found
        time.sleep(0.03)


def deleted(wf: Obj) -> dict[str, bool]:
    nodes = wf["status"]["nodes"].values()
    return {
        a["name"]: bool(a.get("deleted"))
        for n in nodes
        for a in (n.get("outputs") or {}).get("artifacts") or []
    }


def test_on_completion_all_is_deleted_and_the_finalizer_lifted(cluster: Any) -> None:
    make(cluster, "done", "OnWorkflowCompletion", "OnWorkflowCompletion")
    wf = cluster.until(
        "done",
        lambda wf: deleted(wf) == {"a": True, "b": True} if (wf.get("status") or {}).get("nodes") else False,
    )
    wf = cluster.until("done", lambda wf: FINALIZER not in (wf["metadata"].get("finalizers") or []))
    assert wf["status"]["phase"] == "Succeeded"
    assert stored(cluster, "done") == set()
    status = wf["status"]["artifactGCStatus"]
    assert status["strategiesProcessed"]["OnWorkflowCompletion"] is True
    (name,) = status["podsRecouped"]
    assert status["podsRecouped"] == {name: True}
    pod = cluster.client.get(POD, name, cluster.namespace)
    assert pod["status"]["phase"] == "Succeeded"
    end = time.monotonic() + 10
    while cluster.client.list(TASK, cluster.namespace).items:
        assert time.monotonic() < end
        time.sleep(0.03)
    lines = list(cluster.client.stream_log(name, cluster.namespace, container="main"))
    assert lines[-1] == b"1 tasks, 0 artifacts could not be deleted"


def test_on_deletion_the_workflow_stays_until_its_artifacts_are_gone(cluster: Any) -> None:
    make(cluster, "kept", "OnWorkflowDeletion", "Never")
    wf = cluster.until("kept", lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
    assert FINALIZER in wf["metadata"]["finalizers"]
    assert stored(cluster, "kept") == {"a.tgz", "b.tgz"}
    cluster.client.delete(WORKFLOW, "kept", cluster.namespace)
    gone(cluster, "kept")
    assert stored(cluster, "kept") == {"b.tgz"}


def test_each_strategy_has_its_time(cluster: Any) -> None:
    make(cluster, "both", "OnWorkflowDeletion", "OnWorkflowCompletion")
    wf = cluster.until(
        "both",
        lambda wf: all(
            (
                ((wf.get("status") or {}).get("artifactGCStatus") or {}).get("podsRecouped") or {"": False}
            ).values()
        ),
    )
    assert FINALIZER in wf["metadata"]["finalizers"]
    assert deleted(wf) == {"a": False, "b": True}
    assert stored(cluster, "both") == {"a.tgz"}
    cluster.client.delete(WORKFLOW, "both", cluster.namespace)
    gone(cluster, "both")
    assert stored(cluster, "both") == set()


def test_no_artifacts_to_delete_no_finalizer(cluster: Any) -> None:
    make(cluster, "never", "Never", "Never")
    wf = cluster.until("never", lambda wf: (wf.get("status") or {}).get("phase") == "Succeeded")
    assert not wf["metadata"].get("finalizers")
    assert stored(cluster, "never") == {"a.tgz", "b.tgz"}


def test_what_cannot_be_deleted_is_reported_and_keeps_the_workflow(cluster: Any) -> None:
    class Broken:
        def delete(self, key: str) -> None:
            raise OSError(30, "Read-only file system")

    said: list[str] = []
    task = {"spec": {"artifactsByNode": {"n": {"archiveLocation": {"s3": {"bucket": "x"}}, "artifacts": {
        "a": {"name": "a", "s3": {"key": "k"}}, "g": {"name": "g", "git": {"repo": "r"}}, "e": {"name": "e", "s3": {"key": ""}}}}}}}  # fmt: skip
    results = kubelet_artifacts.task_results(task, Broken(), said.append)  # type: ignore[arg-type]
    assert results == {"n": {"artifactResults": {
        "a": {"name": "a", "success": False, "error": "[Errno 30] Read-only file system"},
        "e": {"name": "e", "success": False, "error": "artifact 'e' has no key"},
        "g": {"name": "g", "success": False, "error": "artifacts in git cannot be deleted"},
    }}}  # fmt: skip
    assert len(said) == 3


def test_a_lost_pod_is_asked_for_again(cluster: Any) -> None:
    name = "w-artgc-wfcomp-1"
    wf = {
        "metadata": {"name": "w", "namespace": cluster.namespace},
        "status": {"artifactGCStatus": {
            "strategiesProcessed": {"OnWorkflowCompletion": True, "OnWorkflowDeletion": True},
            "podsRecouped": {name: False, "w-artgc-wfdel-2": True}}},
    }  # fmt: skip
    shown = artifacts.with_lost_pods_forgotten(cluster.client, wf, [])
    assert shown["status"]["artifactGCStatus"]["strategiesProcessed"] == {"OnWorkflowDeletion": True}
    assert artifacts.with_lost_pods_forgotten(cluster.client, wf, [{"metadata": {"name": name}}]) is wf


def test_a_workflow_whose_time_has_come_takes_its_artifacts_along(cluster: Any) -> None:
    place = f"{cluster.namespace}/brief"
    text = TWO % ("brief", "OnWorkflowDeletion", place, place, "OnWorkflowCompletion")
    cluster.create(
        text.replace("entrypoint: main", "entrypoint: main\n  ttlStrategy: {secondsAfterCompletion: 0}")
    )
    gone(cluster, "brief")
    assert stored(cluster, "brief") == set()
