"""The argo-server REST subset: what Hera sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from executor.cluster.podlogs import LogWriter, log_path
from executor.cluster.testing import RunningCluster
from tests.contract.conftest import Api, client_of


@pytest.fixture
def api(cluster: RunningCluster) -> Iterator[Api]:
    with client_of(cluster.kubeconfig) as http:
        yield Api(http)


def workflow(name: str, **spec: Any) -> dict[str, Any]:
    template = {"name": "main", "container": {"image": "alpine:3.20", "command": ["true"]}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"entrypoint": "main", "templates": [template], **spec},
    }


def test_create_get_list_delete(api: Api) -> None:
    made = api.post("/api/v1/workflows/argo", {"workflow": workflow("hera"), "namespace": "argo"})
    assert (made.code, made.body["metadata"]["namespace"]) == (200, "argo")
    found = api.get("/api/v1/workflows/argo/hera").body
    assert found == made.body
    assert found == api.get("/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/hera").body
    listed = api.get("/api/v1/workflows/argo", **{"listOptions.fieldSelector": "metadata.name=hera"}).body
    assert [item["metadata"]["name"] for item in listed["items"]] == ["hera"]
    gone = api.delete("/api/v1/workflows/argo/hera")
    assert (gone.code, gone.body) == (200, {})
    missing = api.get("/api/v1/workflows/argo/hera")
    message = 'workflows.argoproj.io "hera" not found'
    assert (missing.code, missing.body) == (404, {"code": 5, "message": message, "error": message})


def test_templates_and_crons(api: Api) -> None:
    spec = workflow("x")["spec"]
    bodies = {
        "workflow-templates/argo": ("template", {"metadata": {"name": "t1"}, "spec": spec}),
        "cron-workflows/argo": (
            "cronWorkflow",
            {"metadata": {"name": "t1"}, "spec": {"schedules": ["0 0 * * *"], "workflowSpec": spec}},
        ),
        "cluster-workflow-templates": ("template", {"metadata": {"name": "t1"}, "spec": spec}),
    }
    for path, (field, obj) in bodies.items():
        made = api.post(f"/api/v1/{path}", {field: obj})
        assert made.code == 200, made.body
        made.body["metadata"]["labels"] = {"a": "b"}
        assert api.put(f"/api/v1/{path}/t1", {field: made.body}).body["metadata"]["labels"] == {"a": "b"}
    assert api.put("/api/v1/cron-workflows/argo/t1/suspend", {}).body["spec"]["suspend"] is True
    assert api.put("/api/v1/cron-workflows/argo/t1/resume", {}).body["spec"]["suspend"] is False
    options = {"parameters": ["who=you"], "labels": "a=b", "generateName": "sub-"}
    body = {"resourceKind": "WorkflowTemplate", "resourceName": "t1", "submitOptions": options}
    made = api.post("/api/v1/workflows/argo/submit", body).body
    assert made["metadata"]["name"].startswith("sub-")
    assert made["metadata"]["labels"] == {"workflows.argoproj.io/workflow-template": "t1", "a": "b"}
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "t1"},
        "arguments": {"parameters": [{"name": "who", "value": "you"}]},
    }
    for path in bodies:
        assert api.delete(f"/api/v1/{path}/t1").code == 200


def test_lint_accepts_and_refuses(api: Api) -> None:
    good = workflow("good")
    assert api.post("/api/v1/workflows/argo/lint", {"workflow": good}).body["metadata"]["name"] == "good"
    bad = workflow("bad", entrypoint="nope")
    refused = api.post("/api/v1/workflows/argo/lint", {"workflow": bad})
    assert (refused.code, refused.body["code"], "nope" in refused.body["message"]) == (400, 3, True)


def test_actions_on_a_workflow(api: Api) -> None:
    path = "/api/v1/workflows/argo/act"
    api.post("/api/v1/workflows/argo", {"workflow": workflow("act")})
    assert api.put(f"{path}/suspend", {}).body["spec"]["suspend"] is True
    assert "suspend" not in api.put(f"{path}/resume", {}).body["spec"]
    assert api.put(f"{path}/stop", {}).body["spec"]["shutdown"] == "Stop"
    assert api.put(f"{path}/terminate", {}).body["spec"]["shutdown"] == "Terminate"
    api.merge("/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/act", {"status": {"phase": "Failed"}})
    assert api.put(f"{path}/stop", {}).code == 400
    assert api.put(f"{path}/explode", {}).code == 404
    api.delete(path)


def test_logs_are_json_lines(api: Api, cluster: RunningCluster) -> None:
    api.post("/api/v1/workflows/argo", {"workflow": workflow("logs")})
    pod = {
        "metadata": {"name": "logs-1", "labels": {"workflows.argoproj.io/workflow": "logs"}},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }
    made = api.post("/api/v1/namespaces/argo/pods", pod).body
    writer = LogWriter(log_path(cluster.data, "argo", "logs-1", made["metadata"]["uid"], "main"))
    writer.write("stdout", "hello\nworld")
    writer.close()

    text = api.client.get("/api/v1/workflows/argo/logs/log").text
    lines = [json.loads(line)["result"] for line in text.splitlines()]
    assert lines == [{"content": "hello", "podName": "logs-1"}, {"content": "world", "podName": "logs-1"}]


def with_status(api: Api, name: str, status: dict[str, Any]) -> str:
    """A stored workflow whose status is this, as a controller would leave it; its path in the argo-server API."""
    assert api.post("/api/v1/workflows/argo", {"workflow": workflow(name)}).code == 200
    stored = f"/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/{name}"
    assert api.merge(stored, {"status": status}).code == 200
    return f"/api/v1/workflows/argo/{name}"


def suspend_node(name: str, display: str) -> dict[str, Any]:
    outputs = {"parameters": [{"name": "who", "valueFrom": {"supplied": {}}}]}
    return {
        "id": f"{name}-{display}",
        "name": f"{name}.{display}",
        "displayName": display,
        "type": "Suspend",
        "phase": "Running",
        "outputs": outputs,
    }


def test_set_resume_and_stop_choose_nodes(api: Api) -> None:
    nodes = {f"sel-{display}": suspend_node("sel", display) for display in "abc"}
    path = with_status(api, "sel", {"phase": "Running", "nodes": nodes})

    changed = api.put(
        f"{path}/set",
        {
            "nodeFieldSelector": "displayName=a",
            "outputParameters": '{"who": "you"}',
            "message": "approved",
            "phase": "Succeeded",
        },
    ).body["status"]["nodes"]
    assert changed["sel-a"]["outputs"] == {"parameters": [{"name": "who", "value": "you"}]}
    assert (changed["sel-a"]["phase"], changed["sel-a"]["message"]) == ("Succeeded", "approved")
    assert changed["sel-a"]["finishedAt"]

    for body, part in (
        ({}, "nodeFieldSelector: it must name"),
        ({"nodeFieldSelector": "displayName=zzz"}, "no suspend nodes matching"),
        ({"nodeFieldSelector": "colour=red"}, "'colour' is not known"),
        ({"nodeFieldSelector": 5}, "nodeFieldSelector: must be a string"),
        ({"nodeFieldSelector": "displayName=a", "outputParameters": "{"}, "outputParameters: it is not JSON"),
    ):
        refused = api.put(f"{path}/set", body)
        assert (refused.code, refused.body["code"]) == (400, 3)
        assert part in refused.body["message"]

    api.put(f"{path}/resume", {"nodeFieldSelector": "displayName=b"})
    stopped = api.put(f"{path}/stop", {"nodeFieldSelector": "displayName=c", "message": "no"}).body
    phases = {name: node["phase"] for name, node in stopped["status"]["nodes"].items()}
    assert phases == {"sel-a": "Succeeded", "sel-b": "Succeeded", "sel-c": "Failed"}
    assert stopped["status"]["nodes"]["sel-c"]["message"] == "no"
    assert "shutdown" not in stopped["spec"]
    api.delete(path)


def test_retry_deletes_the_pods_and_resets_the_workflow(api: Api) -> None:
    node = {
        "id": "again",
        "name": "again",
        "displayName": "again",
        "type": "Pod",
        "templateName": "main",
        "phase": "Failed",
    }
    assert api.put(f"{with_status(api, 'fresh', {})}/retry", {}).code == 400
    status = {"phase": "Failed", "finishedAt": "2026-01-01T00:00:00Z", "nodes": {"again": node}}
    path = with_status(api, "again", status)
    pods = "/api/v1/namespaces/argo/pods"
    pod = {"metadata": {"name": "again"}, "spec": {"containers": [{"name": "main", "image": "i"}]}}
    assert api.post(pods, pod).code == 201

    renewed = api.put(f"{path}/retry", {"parameters": ["who=you"]}).body
    assert renewed["status"]["nodes"] == {}
    assert renewed["status"]["phase"] == ""
    assert renewed["spec"]["arguments"] == {"parameters": [{"name": "who", "value": "you"}]}
    assert api.get(f"{pods}/again").code == 404
    assert api.get(path).body == renewed
    bad = api.put(f"{path}/retry", {"parameters": ["who"]})
    assert (bad.code, bad.body["message"]) == (400, 'parameters: must be a list of "name=value"')
    api.delete(path)
    api.delete("/api/v1/workflows/argo/fresh")


def test_resubmit_makes_a_new_workflow(api: Api) -> None:
    path = with_status(api, "once", {"phase": "Failed", "nodes": {}})
    made = api.put(f"{path}/resubmit", {"parameters": ["who=you"]}).body
    assert made["metadata"]["name"].startswith("once-")
    assert made["metadata"]["labels"] == {"workflows.argoproj.io/resubmitted-from-workflow": "once"}
    assert made["spec"]["arguments"] == {"parameters": [{"name": "who", "value": "you"}]}
    assert "status" not in made
    memoized = api.put(f"{path}/resubmit", {"memoized": True}).body
    assert memoized["status"] == {"nodes": {}, "phase": ""}
    assert api.put("/api/v1/workflows/argo/nobody/resubmit", {}).code == 404
    for name in ("once", made["metadata"]["name"], memoized["metadata"]["name"]):
        api.delete(f"/api/v1/workflows/argo/{name}")


def test_log_follows_the_pods_of_a_workflow_until_it_ends(api: Api, cluster: RunningCluster) -> None:
    path = with_status(api, "live", {"phase": "Running"})
    stored = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/live"

    def write(name: str, *lines: str) -> None:
        pod = {
            "metadata": {"name": name, "labels": {"workflows.argoproj.io/workflow": "live"}},
            "spec": {"containers": [{"name": "main", "image": "i"}]},
        }
        made = api.post("/api/v1/namespaces/argo/pods", pod).body
        writer = LogWriter(log_path(cluster.data, "argo", name, made["metadata"]["uid"], "main"))
        for line in lines:
            writer.write("stdout", line + "\n")
        writer.close()

    def end(name: str) -> None:
        done = {"status": {"phase": "Succeeded"}}
        assert api.merge(f"/api/v1/namespaces/argo/pods/{name}/status", done).code == 200

    write("live-1", "one", "noise")
    query = {"logOptions.follow": "true", "grep": "one|two"}
    with client_of(cluster.kubeconfig) as other, other.stream("GET", f"{path}/log", params=query) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines))["result"] == {"content": "one", "podName": "live-1"}
        end("live-1")
        write("live-2", "two")
        assert json.loads(next(lines))["result"] == {"content": "two", "podName": "live-2"}
        end("live-2")
        assert api.merge(stored, {"status": {"phase": "Succeeded"}}).code == 200
        assert list(lines) == []
    again = api.client.get(f"{path}/log", params={"logOptions.tailLines": "1"}).text.splitlines()
    assert [json.loads(line)["result"]["content"] for line in again] == ["noise", "two"]
    assert api.get(f"{path}/log", grep="(").code == 400
    assert api.get(f"{path}/log", **{"logOptions.tailLines": "x"}).code == 400


def test_info_version_userinfo(api: Api) -> None:
    assert api.get("/api/v1/info").code == 200
    assert api.get("/api/v1/version").body["version"].startswith("argolint-")
    assert api.get("/api/v1/userinfo").body["subject"] == "kubernetes-admin"
