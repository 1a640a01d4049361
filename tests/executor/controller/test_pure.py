"""The controller's pure parts: persisting, observing, admission, TTL, configuration, references."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argolint.kube import ApiError
from executor.controller import persist, ttl
from executor.controller.http_template import request_body, request_headers, run_http
from executor.controller.observe import Seen, observe, unreported
from executor.controller.references import config_map_names
from executor.controller.settings import read_config
from executor.controller.throttle import admitted
from executor.controller.workqueue import WorkQueue
from executor.engine.contract import HttpObserved, PodDeleted, PodObserved, TaskResultObserved

Obj = dict[str, Any]

JSON = st.recursive(
    st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("xyz", max_size=1), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("xyz", max_size=1), JSON, max_size=3)


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_turns_old_into_new(old: Obj, new: Obj) -> None:
    assert persist.apply_merge_patch(old, persist.merge_patch(old, new)) == new


@given(OBJECTS)
def test_equal_objects_need_no_patch(old: Obj) -> None:
    assert persist.merge_patch(old, dict(old)) == {}


def workflow(version: str = "1", nodes: Obj | None = None, **labels: str) -> Obj:
    return {
        "metadata": {
            "name": "w",
            "namespace": "ns",
            "uid": "u",
            "resourceVersion": version,
            "labels": {f"workflows.argoproj.io/{key}": value for key, value in labels.items()},
        },
        "spec": {"entrypoint": "main"},
        "status": {"phase": "Running", "nodes": nodes or {}},
    }


class Store:
    """An API with one Workflow, and somebody who writes to it before our first write arrives."""

    def __init__(self, stored: Obj) -> None:
        self.stored = stored
        self.writes: list[Obj] = []

    def get(self, _resource: Any, _name: str, _namespace: str) -> Obj:
        return self.stored

    def replace(self, _resource: Any, obj: Obj, _namespace: str) -> Obj:
        if obj["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        version = str(int(self.stored["metadata"]["resourceVersion"]) + 1)
        self.stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
        self.writes.append(self.stored)
        return self.stored


def node(phase: str, **more: Any) -> Obj:
    return {"id": "n", "name": "n", "phase": phase, **more}


def test_persist_keeps_the_very_status_it_wrote() -> None:
    read = workflow()
    new = {**read, "status": {"phase": "Running", "nodes": {"n": node("Pending")}}}
    stored = persist.persist(Store(read), read, new)  # type: ignore[arg-type]
    assert stored["status"]["nodes"] is new["status"]["nodes"]
    assert stored["metadata"]["resourceVersion"] == "2"


def test_a_conflicting_edit_is_merged() -> None:
    read = workflow()
    new = {**read, "status": {"phase": "Running", "nodes": {"n": node("Succeeded")}}}
    theirs = workflow("5")
    theirs["spec"]["suspend"] = True
    stored = persist.persist(Store(theirs), read, new)  # type: ignore[arg-type]
    assert stored["spec"] == {"entrypoint": "main", "suspend": True}
    assert stored["status"] == {"phase": "Running", "nodes": {"n": node("Succeeded")}}
    assert stored["metadata"]["resourceVersion"] == "6"


@pytest.mark.parametrize(
    ("latest", "reason"),
    [
        (
            {**workflow("5"), "metadata": {**workflow("5")["metadata"], "uid": "other"}},
            "the workflow was deleted and created again",
        ),
        (workflow("5", completed="true"), "the workflow was completed by somebody else"),
        (workflow("5", {"n": node("Failed")}), "node n was set to Failed by somebody else"),
    ],
)
def test_a_decision_of_somebody_else_is_not_undone(latest: Obj, reason: str) -> None:
    read = workflow(nodes={"n": node("Running")})
    new = {**read, "status": {"phase": "Running", "nodes": {"n": node("Succeeded")}}}
    store = Store(latest)
    with pytest.raises(persist.Refused, match=reason):
        persist.persist(store, read, new)  # type: ignore[arg-type]
    assert store.writes == []


def test_a_node_whose_result_is_outstanding_is_not_fulfilled() -> None:
    assert persist.is_fulfilled(node("Succeeded", taskResultSynced=True))
    assert not persist.is_fulfilled(node("Succeeded", taskResultSynced=False))
    assert persist.is_fulfilled(node("Skipped"))


def test_large_workflows_are_compressed_and_come_back() -> None:
    nodes = {f"n{i}": node("Succeeded", message="m" * 50) for i in range(300)}
    wf = workflow(nodes=nodes)
    packed = persist.dehydrate(wf, 8_000)
    assert "nodes" not in packed["status"]
    assert len(packed["status"]["compressedNodes"]) < 8_000
    assert persist.hydrate(packed) == wf
    with pytest.raises(persist.TooLarge, match="longer than maximum allowed size"):
        persist.dehydrate(wf, 500)


# --- observations ---


def pod(name: str, version: str, phase: str = "Running", *, uid: str = "u", wait: bool = True) -> Obj:
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "resourceVersion": version,
            "ownerReferences": [{"uid": uid}],
            "annotations": {"workflows.argoproj.io/node-id": f"id-{name}"},
        },
        "spec": {"containers": [{"name": "wait"}, {"name": "main"}] if wait else [{"name": "main"}]},
        "status": {"phase": phase},
    }


def result(name: str, version: str, completed: str = "true") -> Obj:
    labels = {"workflows.argoproj.io/report-outputs-completed": completed}
    return {"metadata": {"name": name, "resourceVersion": version, "labels": labels}}


def test_only_what_is_new_is_observed_results_first() -> None:
    pods, results = [pod("b", "4"), pod("a", "2")], [result("id-a", "7")]
    first, seen = observe(workflow(), pods, results, None)
    assert first == [TaskResultObserved(results[0]), PodObserved(pods[1]), PodObserved(pods[0])]
    assert seen == Seen({"a": "2", "b": "4"}, {"id-a": "7"})
    changed = pod("a", "9", "Succeeded")
    assert observe(workflow(), [changed], results, seen)[0] == [PodObserved(changed), PodDeleted("b")]


def test_pods_of_an_older_workflow_of_that_name_are_not_ours() -> None:
    assert observe(workflow(), [pod("a", "1", uid="older")], [], None)[0] == []


def test_after_a_restart_a_running_node_without_a_pod_lost_it() -> None:
    nodes = {
        "w-1": {"id": "w-1", "name": "w[0].a", "type": "Pod", "templateName": "t", "phase": "Running"},
        "w-2": {"id": "w-2", "name": "w[0].b", "type": "Pod", "templateName": "t", "phase": "Pending"},
        "w-3": {"id": "w-3", "name": "w[0].c", "type": "Pod", "templateName": "t", "phase": "Succeeded"},
    }
    assert observe(workflow(nodes=nodes), [], [], None)[0] == [PodDeleted("w-t-2078810217")]


def test_the_result_of_a_pod_that_has_just_ended_is_asked_for() -> None:
    ended = pod("a", "2", "Succeeded")
    assert unreported([ended], [], None) == [("ns", "id-a")]
    assert unreported([ended], [result("id-a", "1", "false")], None) == [("ns", "id-a")]
    assert unreported([ended], [result("id-a", "1")], None) == []
    assert unreported([ended], [], Seen({"a": "2"})) == []
    assert unreported([pod("a", "2", "Succeeded", wait=False)], [], None) == []


# --- admission ---


def waiting(name: str, created: str, priority: int = 0, phase: str = "", namespace: str = "ns") -> Obj:
    return {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": created},
        "spec": {"priority": priority},
        "status": {"phase": phase},
    }


def test_running_workflows_stay_and_the_rest_go_by_priority_then_age() -> None:
    workflows = [
        waiting("young", "2026-01-03"),
        waiting("old", "2026-01-01"),
        waiting("urgent", "2026-01-04", 9),
        waiting("runs", "2026-01-05", 0, "Running"),
    ]
    assert admitted(workflows, parallelism=3) == {("ns", "runs"), ("ns", "urgent"), ("ns", "old")}
    assert admitted(workflows, parallelism=1) == {("ns", "runs")}
    assert len(admitted(workflows)) == 4


def test_a_namespace_label_overrides_the_limit_of_namespaces() -> None:
    workflows = [waiting(f"{ns}{i}", str(i), namespace=ns) for ns in ("a", "b") for i in range(3)]
    found = admitted(workflows, namespace_parallelism=2, namespace_limits={"a": 1})
    assert found == {("a", "a0"), ("b", "b0"), ("b", "b1")}


# --- TTL ---


@pytest.mark.parametrize(
    ("phase", "strategy", "seconds"),
    [
        ("Succeeded", {"secondsAfterSuccess": 5, "secondsAfterCompletion": 50}, 5),
        ("Failed", {"secondsAfterFailure": 7, "secondsAfterSuccess": 5}, 7),
        ("Error", {"secondsAfterFailure": 7, "secondsAfterCompletion": 50}, 50),
        ("Error", {"secondsAfterFailure": 7}, None),
        ("Failed", {"secondsAfterSuccess": 5}, None),
    ],
)
def test_ttl_after_error_is_not_ttl_after_failure(phase: str, strategy: Obj, seconds: int | None) -> None:
    wf = workflow(completed="true")
    wf["spec"]["ttlStrategy"] = strategy
    wf["status"].update(phase=phase, finishedAt="2026-01-01T00:00:00Z")
    assert ttl.ttl_seconds(wf) == seconds
    expected = datetime(2026, 1, 1, 0, 0, seconds + 1, tzinfo=UTC) if seconds is not None else None
    assert ttl.expires_at(wf) == expected if seconds != 50 else ttl.expires_at(wf) is not None


def test_the_template_s_ttl_counts_when_the_workflow_has_none() -> None:
    wf = workflow(completed="true")
    wf["status"].update(
        phase="Succeeded", storedWorkflowTemplateSpec={"ttlStrategy": {"secondsAfterCompletion": 3}}
    )
    assert ttl.ttl_seconds(wf) == 3


def test_retention_keeps_the_newest_of_each_phase() -> None:
    def done(name: str, phase: str, day: int) -> Obj:
        wf = workflow(completed="true")
        wf["metadata"]["name"] = name
        wf["status"] = {"phase": phase, "finishedAt": f"2026-01-0{day}T00:00:00Z"}
        return wf

    found = [done("a", "Succeeded", 1), done("b", "Succeeded", 2), done("c", "Failed", 1), workflow()]
    assert ttl.beyond_retention(found, {"completed": 1, "failed": 1}) == [("ns", "a")]


# --- configuration ---


def test_the_controllers_config_map() -> None:
    config = read_config(
        {
            "data": {
                "parallelism": "3",
                "workflowDefaults": "spec:\n  ttlStrategy: {secondsAfterCompletion: 9}\n",
                "images": "img:v1: {entrypoint: [/run], cmd: [a]}\n",
                "namespaceParallelism": "many",
            }
        }
    )
    assert config.parallelism == 3
    assert config.workflow_defaults == {"spec": {"ttlStrategy": {"secondsAfterCompletion": 9}}}
    assert config.images == {"img:v1": (("/run",), ("a",))}
    assert config.problem == "namespaceParallelism must be zero or a positive whole number"
    assert read_config(None).problem == ""
    assert "artifactRepository: " in read_config({"data": {"artifactRepository": "{"}}).problem


def test_config_maps_that_are_named() -> None:
    document = {
        "a": [{"valueFrom": {"configMapKeyRef": {"name": "plain", "key": "k"}}}],
        "semaphores": [{"configMapKeyRef": {"name": "lock", "key": "k"}, "namespace": "other"}],
        "b": {"configMapKeyRef": {"name": "{{workflow.name}}"}},
        "artifactRepositoryRef": {"key": "x"},
    }
    assert config_map_names([document]) == {
        (None, "plain"),
        ("other", "lock"),
        (None, "artifact-repositories"),
    }


# --- http templates ---


def test_headers_and_bodies_of_http_templates() -> None:
    http = {
        "headers": [
            {"name": "A", "value": "b"},
            {"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        ],
        "bodyFrom": {"bytes": "aGk="},
    }
    assert request_headers(http, lambda name, key: f"{name}/{key}") == {"A": "b", "T": "s/k"}
    assert request_body(http) == b"hi"
    with pytest.raises(ValueError, match="the secret 's' has no key 'k'"):
        request_headers(http, lambda _name, _key: None)
    with pytest.raises(ValueError, match="must be one line"):
        request_headers({"headers": [{"name": "A", "value": "x\r\ny: z"}]}, lambda _n, _k: None)


def test_http_templates_that_cannot_be_sent() -> None:
    refused = run_http("n", {"http": {"url": "file:///etc/passwd"}}, lambda _n, _k: None)
    assert refused == HttpObserved(
        "n", error="unsupported protocol in url 'file:///etc/passwd': use http:// or https://"
    )
    closed = run_http("n", {"http": {"url": "http://127.0.0.1:1/", "timeoutSeconds": 2}}, lambda _n, _k: None)
    assert closed.response is None
    assert closed.error.startswith('Get "http://127.0.0.1:1/": ')


# --- the queue ---


def test_a_key_is_worked_on_by_one_worker_and_again_after_it() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert queue.get() == "a"
    queue.add("a")
    assert queue.get() == "b"
    assert len(queue) == 2
    queue.done("a")
    assert queue.get() == "a"
    queue.done("a")
    queue.done("b")
    assert len(queue) == 0


def test_the_earliest_of_several_times_counts_and_a_wake_up_is_never_lost() -> None:
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a", 30.0)
    queue.wake("a", 0.05)
    queue.add("a", 0.0)
    assert queue.get() == "a"
    queue.done("a")
    assert queue.get() == "a"
    queue.done("a")
    queue.close()
    assert queue.get() is None


def test_close_wakes_a_worker_that_waits() -> None:
    queue: WorkQueue[str] = WorkQueue()
    got: list[Any] = []
    worker = threading.Thread(target=lambda: got.append(queue.get()))
    worker.start()
    time.sleep(0.05)
    queue.close()
    worker.join(5)
    assert got == [None]


def test_failures_back_off_until_they_are_forgotten() -> None:
    queue: WorkQueue[str] = WorkQueue()
    assert [queue.retry("a") for _ in range(4)] == [0.1, 0.2, 0.4, 0.8]
    queue.forget("a")
    assert queue.retry("a") == 0.1
