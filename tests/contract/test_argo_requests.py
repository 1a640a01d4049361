"""Requests as Go's structs come out of Argo's own programs: times that are null, empty structs, whole objects as merge patches."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.conftest import WORKFLOWS, Api

LABEL = "workflows.argoproj.io/"


def workflow(name: str, **labels: str) -> dict[str, Any]:
    return {
        "kind": "Workflow",
        "apiVersion": "argoproj.io/v1alpha1",
        "metadata": {"name": name, "creationTimestamp": None, "labels": {f"{LABEL}controller-instanceid": "t", **labels}},
        "spec": {"entrypoint": "main", "suspend": True, "arguments": {}, "templates": [
            {"name": "main", "inputs": {}, "outputs": {}, "metadata": {}, "container": {"name": "", "image": "i", "resources": {}}}
        ]},
        "status": {"startedAt": None, "finishedAt": None},
    }  # fmt: skip


@pytest.fixture
def path(ns: str) -> str:
    return f"{WORKFLOWS}/namespaces/{ns}/workflows"


def test_times_that_are_null_are_taken(api: Api, path: str) -> None:
    made = api.post(path, workflow("a"))
    assert made.code == 201
    assert made.body["metadata"]["creationTimestamp"]
    made.body["status"] = {"phase": "Running", "startedAt": "2026-01-02T03:04:05Z", "finishedAt": None}
    changed = api.put(f"{path}/a", made.body)
    assert (changed.code, changed.body["status"]["phase"]) == (200, "Running")
    assert changed.body["metadata"]["creationTimestamp"] == made.body["metadata"]["creationTimestamp"]


def test_a_merge_patch_of_a_whole_object_keeps_the_creation_time(api: Api, ns: str) -> None:
    results = f"{WORKFLOWS}/namespaces/{ns}/workflowtaskresults"
    result = {"metadata": {"name": "node-1", "labels": {f"{LABEL}report-outputs-completed": "false"}}}
    made = api.post(results, result).body
    again = api.post(results, result)
    assert again.failure[:2] == (409, "AlreadyExists")
    patch = {"metadata": {"creationTimestamp": None, "labels": {f"{LABEL}report-outputs-completed": "true"}}}
    changed = api.merge(f"{results}/node-1", {**patch, "outputs": {"result": "x"}}).body
    assert changed["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert changed["metadata"]["labels"] == {f"{LABEL}report-outputs-completed": "true"}
    assert changed["outputs"] == {"result": "x"}


def test_the_status_of_a_task_set_is_the_agents_and_the_tasks_are_the_controllers(api: Api, ns: str) -> None:
    sets = f"{WORKFLOWS}/namespaces/{ns}/workflowtasksets"
    made = api.post(
        sets, {"metadata": {"name": "s"}, "spec": {"tasks": {"n1": {"name": "a"}, "n2": {"name": "b"}}}}
    )
    assert made.code == 201
    told = api.merge(
        f"{sets}/s/status", {"spec": {"tasks": None}, "status": {"nodes": {"n1": {"phase": "Failed"}}}}
    )
    assert told.body["status"] == {"nodes": {"n1": {"phase": "Failed"}}}
    assert set(told.body["spec"]["tasks"]) == {"n1", "n2"}
    taken = api.merge(f"{sets}/s", {"spec": {"tasks": {"n1": None}}, "status": {"nodes": None}})
    assert set(taken.body["spec"]["tasks"]) == {"n2"}
    assert taken.body["status"] == {"nodes": {"n1": {"phase": "Failed"}}}
    read = api.merge(f"{sets}/s/status", {"status": {"nodes": {"n1": None}}})
    assert read.body["status"] == {"nodes": {}}


def test_a_pods_finalizer_goes_with_the_version_that_was_read(api: Api, ns: str) -> None:
    pods = f"/api/v1/namespaces/{ns}/pods"
    spec = {"nodeName": "elsewhere", "containers": [{"name": "main", "image": "i"}]}
    finalizers = [f"{LABEL}status", "example.com/other"]
    made = api.post(pods, {"metadata": {"name": "p", "finalizers": finalizers}, "spec": spec}).body
    api.merge(f"{pods}/p", {"metadata": {"labels": {"a": "b"}}})
    kept = ["example.com/other"]
    stale = {"metadata": {"finalizers": kept, "resourceVersion": made["metadata"]["resourceVersion"]}}
    assert api.merge(f"{pods}/p", stale).failure[:2] == (409, "Conflict")
    going = api.delete(
        f"{pods}/p", json.dumps({"gracePeriodSeconds": 0, "propagationPolicy": "Background"})
    ).body
    assert going["metadata"]["deletionTimestamp"]
    fresh = {"metadata": {"finalizers": kept, "resourceVersion": going["metadata"]["resourceVersion"]}}
    assert api.merge(f"{pods}/p", fresh).body["metadata"]["finalizers"] == kept
    last = {"metadata": {"$deleteFromPrimitiveList/finalizers": kept}}
    assert api.strategic(f"{pods}/p", last).code == 200
    assert api.get(f"{pods}/p").code == 404


def test_the_selectors_of_the_controller(api: Api, path: str) -> None:
    for name, labels in {
        "running": {f"{LABEL}phase": "Running"},
        "ended": {f"{LABEL}phase": "Succeeded", f"{LABEL}completed": "true"},
        "of-a-cron": {f"{LABEL}cron-workflow": "c"},
    }.items():
        assert api.post(path, workflow(name, **labels)).code == 201
    other = workflow("nobodys")
    del other["metadata"]["labels"]
    assert api.post(path, other).code == 201
    mine = f"{LABEL}controller-instanceid=t"
    for selector, names in {
        mine: ["ended", "of-a-cron", "running"],
        f"!{LABEL}controller-instanceid": ["nobodys"],
        f"{mine},{LABEL}phase=Running": ["running"],
        f"{mine},{LABEL}completed!=true": ["of-a-cron", "running"],
        f"{LABEL}cron-workflow,{mine}": ["of-a-cron"],
        f"{LABEL}phase in (Succeeded,Failed)": ["ended"],
        f"!{LABEL}completed,{LABEL}controller-instanceid notin (x)": ["nobodys", "of-a-cron", "running"],
    }.items():
        found = api.get(path, labelSelector=selector).body["items"]
        assert [item["metadata"]["name"] for item in found] == names, selector


def test_a_watch_without_a_version_tells_what_is_selected_and_goes_on(api: Api, path: str) -> None:
    api.post(path, workflow("first"))
    api.post(path, {**workflow("other"), "metadata": {"name": "other"}})
    selector = f"{LABEL}controller-instanceid=t"
    params = {"watch": "true", "timeoutSeconds": 20, "labelSelector": selector}
    with api.client.stream("GET", path, params=params) as stream:
        lines = (json.loads(line) for line in stream.iter_lines() if line)
        seen = [next(lines)]
        api.post(path, workflow("second"))
        api.merge(f"{path}/first", {"metadata": {"labels": {f"{LABEL}controller-instanceid": None}}})
        seen += [next(lines), next(lines)]
    assert [(event["type"], event["object"]["metadata"]["name"]) for event in seen] == [
        ("ADDED", "first"),
        ("ADDED", "second"),
        ("DELETED", "first"),
    ]


def test_a_megabyte_of_nodes_is_kept_and_told(api: Api, path: str) -> None:
    made = api.post(path, workflow("large")).body
    made["status"] = {"phase": "Running", "compressedNodes": "H4sIAAAA" * (1 << 17)}
    changed = api.put(f"{path}/large", made)
    assert (changed.code, len(changed.body["status"]["compressedNodes"])) == (200, 1 << 20)
    version = made["metadata"]["resourceVersion"]
    [event] = api.watch(path, resourceVersion=version, fieldSelector="metadata.name=large")
    assert len(event["object"]["status"]["compressedNodes"]) == 1 << 20
    made["metadata"]["resourceVersion"] = changed.body["metadata"]["resourceVersion"]
    made["status"]["compressedNodes"] *= 4
    refused = api.put(f"{path}/large", made)
    assert refused.failure[:2] == (413, "RequestEntityTooLarge")


def test_shutdown_and_suspend_are_merge_patches(api: Api, path: str) -> None:
    api.post(path, workflow("w"))
    stopped = api.merge(f"{path}/w", {"spec": {"shutdown": "Stop", "suspend": None}}).body["spec"]
    assert (stopped["shutdown"], "suspend" in stopped) == ("Stop", False)
    api.merge(f"{path}/w", {"metadata": {"finalizers": ["foregroundDeletion", "example.com/never"]}})
    freed = api.merge(f"{path}/w", {"metadata": {"finalizers": None}}).body["metadata"]
    assert "finalizers" not in freed
    assert (
        api.delete(f"{path}/w", json.dumps({"propagationPolicy": "Background"})).body["status"] == "Success"
    )


def test_a_budget_of_a_workflow_is_deleted_once(api: Api, ns: str) -> None:
    path = f"/apis/policy/v1/namespaces/{ns}/poddisruptionbudgets"
    selector = {"matchLabels": {f"{LABEL}workflow": "w"}}
    body = {
        "metadata": {"name": "w", "labels": {"a": "b"}},
        "spec": {"minAvailable": 1, "selector": selector},
    }
    assert api.post(path, body).code == 201
    assert api.delete(path, labelSelector="a=b").code == 200
    assert api.delete(f"{path}/w").failure[:2] == (404, "NotFound")
