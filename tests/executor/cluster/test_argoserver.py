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


def test_info_version_userinfo(api: Api) -> None:
    assert api.get("/api/v1/info").code == 200
    assert api.get("/api/v1/version").body["version"].startswith("argolint-")
    assert api.get("/api/v1/userinfo").body["subject"] == "kubernetes-admin"
