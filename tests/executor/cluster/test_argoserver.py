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


# ---- what the argo command line sends: whole Go structs, with nulls for what is not set


def put_template(api: Api, name: str) -> None:
    spec = {**workflow("x")["spec"], "workflowMetadata": {"labels": {"from": "template"}}}
    made = api.post(
        "/api/v1/workflow-templates/argo", {"template": {"metadata": {"name": name}, "spec": spec}}
    )
    assert made.code == 200, made.body


def test_a_struct_of_go_is_taken_as_it_comes(api: Api) -> None:
    sent = {
        "namespace": "argo",
        "workflow": {
            "metadata": {"generateName": "go-", "namespace": "argo", "creationTimestamp": None},
            "spec": {**workflow("x")["spec"], "arguments": {}},
            "status": {"startedAt": None, "finishedAt": None},
        },
    }
    made = api.post("/api/v1/workflows/argo", sent)
    assert made.code == 200
    name = made.body["metadata"]["name"]
    assert made.body["metadata"]["creationTimestamp"]
    path = f"/api/v1/workflows/argo/{name}"
    assert api.put(f"{path}/suspend", {"namespace": "argo", "name": name}).code == 200
    body = {
        "name": name,
        "namespace": "argo",
        "deleteOptions": {"propagationPolicy": "Background"},
        "force": False,
    }
    assert api.call("DELETE", path, body).body == {}


@pytest.mark.parametrize(
    "where", [{"serverDryRun": True}, {"createOptions": {"dryRun": ["All"]}}], ids=["server", "client"]
)
def test_a_workflow_is_not_kept_in_a_dry_run(api: Api, where: dict[str, Any]) -> None:
    made = api.post("/api/v1/workflows/argo", {"workflow": workflow("dry"), **where})
    assert (made.code, made.body["metadata"]["name"]) == (200, "dry")
    assert api.get("/api/v1/workflows/argo/dry").code == 404


@pytest.mark.parametrize("option", ["dryRun", "serverDryRun"])
def test_a_submit_is_not_kept_in_a_dry_run(api: Api, option: str) -> None:
    put_template(api, f"dry-{option.lower()}")
    body = {
        "resourceKind": "wftmpl",
        "resourceName": f"dry-{option.lower()}",
        "submitOptions": {"name": "dried", option: True},
    }
    assert api.post("/api/v1/workflows/argo/submit", body).body["metadata"]["name"] == "dried"
    assert api.get("/api/v1/workflows/argo/dried").code == 404


def test_submit_takes_the_kinds_and_options_of_the_command_line(api: Api) -> None:
    put_template(api, "kinds")
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "kube-root-ca.crt"}
    owner["uid"] = api.get("/api/v1/namespaces/argo/configmaps/kube-root-ca.crt").body["metadata"]["uid"]
    options = {
        "generateName": "k-",
        "entryPoint": "main",
        "serviceAccount": "default",
        "priority": 0,
        "podPriorityClassName": "high",
        "labels": "a=b,c=d",
        "annotations": "e=f",
        "ownerReference": owner,
    }
    made = api.post(
        "/api/v1/workflows/argo/submit",
        {
            "namespace": "argo",
            "resourceKind": "workflowtemplate",
            "resourceName": "kinds",
            "submitOptions": options,
        },
    ).body
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "kinds"},
        "entrypoint": "main",
        "serviceAccountName": "default",
        "priority": 0,
        "podPriorityClassName": "high",
    }
    data = made["metadata"]
    labels = {"workflows.argoproj.io/workflow-template": "kinds", "from": "template", "a": "b", "c": "d"}
    assert (data["labels"], data["annotations"], data["ownerReferences"]) == (labels, {"e": "f"}, [owner])
    for kind, code in (
        ("wftmpl", 200),
        ("WorkflowTemplates", 200),
        ("cwf", 404),
        ("cronwf", 404),
        ("pod", 400),
    ):
        body = {"resourceKind": kind, "resourceName": "kinds", "submitOptions": {"dryRun": True}}
        assert api.post("/api/v1/workflows/argo/submit", body).code == code, kind
    for wrong in ({"submitOptions": []}, {"submitOptions": {"labels": "x"}}, {"createOptions": "x"}):
        body = {"resourceKind": "wftmpl", "resourceName": "kinds", **wrong}
        assert api.post("/api/v1/workflows/argo/submit", body).code == 400, wrong


def test_only_the_wanted_fields_are_answered(api: Api) -> None:
    path = with_status(
        api,
        "fields",
        {"phase": "Failed", "message": "m", "nodes": {"n": {"id": "n", "name": "n", "type": "Pod"}}},
    )
    chosen = {"listOptions.fieldSelector": "metadata.name=fields"}
    fields = "metadata,items.metadata.name,items.status.phase"
    listed = api.get("/api/v1/workflows/argo", **chosen, fields=fields).body
    assert listed["items"] == [{"metadata": {"name": "fields"}, "status": {"phase": "Failed"}}]
    assert set(listed) == {"metadata", "items"}
    assert api.get(path, fields="status.message").body == {"status": {"message": "m"}}
    rest = api.get(path, fields="-metadata,spec,status.nodes").body
    assert rest["status"] == {"phase": "Failed", "message": "m"}
    assert set(rest) == {"apiVersion", "kind", "status"}
    with api.client.stream(
        "GET",
        "/api/v1/workflow-events/argo",
        params={**chosen, "fields": "result.type,result.object.metadata.name"},
        timeout=20,
    ) as stream:
        first = json.loads(next(stream.iter_lines()))
    assert first == {"result": {"type": "ADDED", "object": {"metadata": {"name": "fields"}}}}


def test_a_watch_of_one_workflow_needs_it(api: Api) -> None:
    found = api.get("/api/v1/workflow-events/argo", **{"listOptions.fieldSelector": "metadata.name=nowhere"})
    assert (found.code, found.body["code"]) == (404, 5)
    assert found.body["message"] == 'workflows.argoproj.io "nowhere" not found'


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"entrypoint": None}, 400, "spec.entrypoint is required"),
        ({"entrypoint": "nope"}, 400, "template name 'nope' undefined"),
        ({"onExit": "nope"}, 400, "spec.onExit template name 'nope' undefined"),
        (
            {"arguments": {"parameters": [{"name": "x"}]}},
            400,
            "spec.arguments.x.value or spec.arguments.x.valueFrom is required",
        ),
        (
            {"templates": None, "workflowTemplateRef": {"name": "no"}},
            404,
            'workflowtemplates.argoproj.io "no" not found',
        ),
    ],
)
def test_a_workflow_that_cannot_begin_is_refused(
    api: Api, spec: dict[str, Any], code: int, message: str
) -> None:
    whole = {**workflow("bad")["spec"], **spec}
    obj = {
        "metadata": {"name": "bad"},
        "spec": {key: value for key, value in whole.items() if value is not None},
    }
    refused = api.post("/api/v1/workflows/argo", {"workflow": obj})
    assert (refused.code, refused.body["message"]) == (code, message)
    assert api.get("/api/v1/workflows/argo/bad").code == 404


@pytest.mark.parametrize("metadata", [None, [], 1, "x", True])
@pytest.mark.parametrize("path", ["workflows/argo", "workflows/argo/lint", "cron-workflows/argo"])
def test_metadata_that_is_none_is_refused(api: Api, path: str, metadata: Any) -> None:
    obj = {"metadata": metadata, "spec": workflow("x")["spec"]}
    field = "cronWorkflow" if path.startswith("cron") else "workflow"
    found = api.post(f"/api/v1/{path}", {field: obj})
    assert found.code == 400 or (metadata is None and path.endswith("lint") and found.code == 200)


def test_a_workflow_of_a_template_is_checked_with_it(api: Api) -> None:
    spec = workflow("x")["spec"]
    spec["arguments"] = {"parameters": [{"name": "who"}]}
    assert (
        api.post(
            "/api/v1/workflow-templates/argo", {"template": {"metadata": {"name": "asks"}, "spec": spec}}
        ).code
        == 200
    )
    body = {"resourceKind": "WorkflowTemplate", "resourceName": "asks", "submitOptions": {"dryRun": True}}
    refused = api.post("/api/v1/workflows/argo/submit", body)
    assert (refused.code, refused.body["message"]) == (
        400,
        "spec.arguments.who.value or spec.arguments.who.valueFrom is required",
    )
    body["submitOptions"] = {"dryRun": True, "parameters": ["who=you"]}
    assert api.post("/api/v1/workflows/argo/submit", body).code == 200


# ---- events for bindings


def binding(name: str, selector: str, submit: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"event": {"selector": selector}, "submit": submit}}


def test_an_event_submits_the_workflows_of_its_bindings(api: Api) -> None:
    api.post("/api/v1/namespaces", {"metadata": {"name": "hooks"}})
    stored = "/apis/argoproj.io/v1alpha1/namespaces/hooks"
    head = {"apiVersion": "argoproj.io/v1alpha1"}
    template = {
        **head,
        "kind": "WorkflowTemplate",
        "metadata": {"name": "greet"},
        "spec": workflow("x")["spec"],
    }
    assert api.post(f"{stored}/workflowtemplates", template).code == 201
    kind = {**head, "kind": "WorkflowEventBinding"}
    bindings = [
        binding(
            "meant",
            'payload.who != "" && metadata["x-kind"] == ["push"] && discriminator == "git"',
            {
                "workflowTemplateRef": {"name": "greet"},
                "metadata": {"generateName": '"hi-" + payload.who + "-"', "labels": {"who": "payload.who"}},
                "arguments": {"parameters": [{"name": "who", "valueFrom": {"event": "payload.who"}}]},
            },
        ),
        binding("not-meant", "payload.who == 'nobody'", {"workflowTemplateRef": {"name": "greet"}}),
    ]
    for one in bindings:
        assert api.post(f"{stored}/workfloweventbindings", {**kind, **one}).code == 201
    sent = api.client.post("/api/v1/events/hooks/git", json={"who": "you"}, headers={"X-Kind": "push"})
    assert (sent.status_code, sent.json()) == (200, {})
    [made] = api.get(f"{stored}/workflows").body["items"]
    assert made["metadata"]["name"].startswith("hi-you-")
    assert made["metadata"]["labels"] == {
        "who": "you",
        "workflows.argoproj.io/workflow-event-binding": "meant",
    }
    assert made["spec"] == {
        "workflowTemplateRef": {"name": "greet"},
        "arguments": {"parameters": [{"name": "who", "value": "you"}]},
    }
    assert api.get("/api/v1/events").body["kind"] == "EventList"  # Kubernetes' own

    broken = binding("broken", "true", {"workflowTemplateRef": {"name": "nowhere"}})
    api.post(f"{stored}/workfloweventbindings", {**kind, **broken})
    refused = api.client.post("/api/v1/events/hooks/", json={"who": ""}, headers={"X-Kind": "push"})
    why = 'workflowtemplates.argoproj.io "nowhere" not found'
    assert (refused.status_code, refused.json()["code"]) == (500, 13)
    assert refused.json()["message"].endswith(f"failed to dispatch event: [{why}]")
    told = api.get("/api/v1/namespaces/hooks/events", fieldSelector="involvedObject.name=broken").body[
        "items"
    ]
    assert [(item["reason"], item["message"]) for item in told] == [
        ("WorkflowEventBindingError", f"failed to dispatch event: {why}")
    ]


def test_an_event_needs_rights(api: Api) -> None:
    sent = api.client.post("/api/v1/events/argo/x", json={}, headers={"impersonate-user": "nobody"})
    assert (sent.status_code, sent.json()["code"]) == (403, 7)
    assert 'User "nobody" cannot list resource "workfloweventbindings"' in sent.json()["message"]
    assert api.client.put("/api/v1/events/argo/x", json={}).status_code in (404, 405)
    assert api.client.post("/api/v1/events/argo/x", content=b"{").status_code == 400


# ---- limits of semaphores


def test_limits_of_semaphores(api: Api) -> None:
    path = "/api/v1/sync/argo"
    made = {"namespace": "argo", "cmName": "limits", "key": "build", "limit": 2}
    assert api.post(path, {"cmName": "limits", "key": "build", "limit": 2}).body == made
    assert api.post(path, {"cmName": "limits", "key": "build", "limit": 3}).code == 409
    assert api.post(path, {"cmName": "limits", "key": "test", "limit": 1}).code == 200
    assert api.get(f"{path}/build", cmName="limits").body == made
    changed = api.put(f"{path}/build", {"cmName": "limits", "limit": 5})
    assert (changed.code, changed.body["limit"]) == (200, 5)
    stored = "/api/v1/namespaces/argo/configmaps/limits"
    assert api.get(stored).body["data"] == {"build": "5", "test": "1"}
    assert api.call("DELETE", f"{path}/build", {"cmName": "limits"}).body == {}
    assert api.get(stored).body["data"] == {"test": "1"}
    missing = api.put(f"{path}/build", {"cmName": "limits", "limit": 5})
    assert (missing.code, missing.body["message"]) == (
        404,
        "key build not found in configmap argo/limits - please create it first",
    )
    for body in (
        {"cmName": "limits", "key": "x", "limit": 0},
        {"key": "x", "limit": 1},
        {"cmName": "l", "limit": 1},
    ):
        assert api.post(path, body).code == 400, body
    assert api.post(path, {"cmName": "limits", "key": "x", "limit": 1, "type": 1}).code == 400
    forbidden = api.client.get(
        f"{path}/test", params={"cmName": "limits"}, headers={"impersonate-user": "nobody"}
    )
    assert forbidden.status_code == 403


# ---- Argo Events


def test_sensors_are_streamed_with_their_logs(api: Api, cluster: RunningCluster) -> None:
    sensor = {"metadata": {"name": "s1"}, "spec": {"dependencies": [], "triggers": []}}
    assert api.post("/api/v1/sensors/argo", {"sensor": sensor}).code == 200
    with api.client.stream("GET", "/api/v1/stream/sensors/argo", timeout=20) as stream:
        first = json.loads(next(stream.iter_lines()))["result"]
    assert (first["type"], first["object"]["kind"], first["object"]["metadata"]["name"]) == (
        "ADDED",
        "Sensor",
        "s1",
    )
    pod = {
        "metadata": {"name": "s1-pod", "labels": {"sensor-name": "s1"}},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }
    made = api.post("/api/v1/namespaces/argo/pods", pod).body
    writer = LogWriter(log_path(cluster.data, "argo", "s1-pod", made["metadata"]["uid"], "main"))
    writer.write("stdout", '{"level":"warn","msg":"fired","triggerName":"t"}\nplain\n')
    writer.close()
    path = "/api/v1/stream/sensors/argo/logs"

    def entries(**query: str) -> list[dict[str, Any]]:
        found = [json.loads(line)["result"] for line in api.client.get(path, params=query).text.splitlines()]
        return [{key: value for key, value in entry.items() if key != "time"} for entry in found]

    fired = {"namespace": "argo", "sensorName": "s1", "level": "warn", "msg": "fired", "triggerName": "t"}
    assert entries() == [fired, {"namespace": "argo", "sensorName": "s1", "level": "info", "msg": "plain"}]
    assert entries(triggerName="t") == entries(grep="fir") == [fired]
    assert entries(name="another") == []
    assert api.client.get("/api/v1/stream/event-sources/argo/logs").text == ""
    assert api.get("/api/v1/stream/pods/argo").code == 404
