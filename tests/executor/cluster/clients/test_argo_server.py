"""argo-server's API on a cluster that runs workflows: what the argo command line and Hera call."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.conftest import Api, client_of

pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(
        bool(os.environ.get("CLIENTS_KUBECONFIG")), reason="only the embedded cluster has this API"
    ),
]
ENDED = ("Succeeded", "Failed", "Error")
HELLO = {
    "metadata": {"generateName": "hello-", "labels": {"kind": "greeting"}},
    "spec": {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "who", "value": "you"}]},
        "templates": [
            {
                "name": "main",
                "inputs": {
                    "artifacts": [{"name": "given", "path": "/tmp/given", "raw": {"data": "raw text"}}]
                },
                "outputs": {
                    "artifacts": [
                        {"name": "plain", "path": "/tmp/out.txt", "archive": {"none": {}}},
                        {"name": "packed", "path": "/tmp/out.txt"},
                    ]
                },
                "container": {
                    "image": "busybox",
                    "command": ["sh", "-c", "echo hello {{workflow.parameters.who}} | tee /tmp/out.txt"],
                },
            }
        ],
    },
}
BROKEN = {
    "metadata": {"generateName": "broken-"},
    "spec": {
        "entrypoint": "main",
        "templates": [{"name": "main", "container": {"image": "busybox", "command": ["false"]}}],
    },
}


@pytest.fixture(scope="module")
def http(kubeconfig: Path) -> Iterator[httpx.Client]:
    with client_of(kubeconfig) as client:
        yield client


@pytest.fixture(scope="module")
def api(http: httpx.Client) -> Api:
    return Api(http)


@pytest.fixture(scope="module")
def ns(api: Api) -> str:
    name = f"as{uuid.uuid4().hex[:10]}"
    assert api.post("/api/v1/namespaces", {"metadata": {"name": name}}).code == 201
    return name


def create(api: Api, ns: str, workflow: dict[str, Any]) -> dict[str, Any]:
    made = api.call("POST", f"/api/v1/workflows/{ns}", {"workflow": workflow})
    assert made.code == 200, made.body
    found: dict[str, Any] = made.body
    return found


def ended(api: Api, ns: str, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        found: dict[str, Any] = api.get(f"/api/v1/workflows/{ns}/{name}").body
        if found.get("status", {}).get("phase") in ENDED:
            return found
        assert time.monotonic() < deadline, found.get("status")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def hello(api: Api, ns: str) -> dict[str, Any]:
    return ended(api, ns, create(api, ns, HELLO)["metadata"]["name"])


@pytest.fixture(scope="module")
def broken(api: Api, ns: str) -> dict[str, Any]:
    return ended(api, ns, create(api, ns, BROKEN)["metadata"]["name"])


def node_of(workflow: dict[str, Any]) -> str:
    return next(key for key, node in workflow["status"]["nodes"].items() if node["type"] == "Pod")


# ---- streams


def stream(http: httpx.Client, path: str, events: bool, **query: Any) -> Iterator[Any]:
    """The results of a stream, as a client gets them."""
    accept = "text/event-stream" if events else "application/json"
    with http.stream("GET", path, params=query, headers={"accept": accept}, timeout=30) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(accept)
        for line in response.iter_lines():
            if not line:
                continue
            assert line.startswith("data: ") is events
            yield json.loads(line.removeprefix("data: "))["result"]


@pytest.mark.parametrize("events", [True, False], ids=["server-sent events", "lines"])
def test_a_workflow_is_watched_until_it_ends(http: httpx.Client, api: Api, ns: str, events: bool) -> None:
    name = create(api, ns, HELLO)["metadata"]["name"]
    selector = {"listOptions.fieldSelector": f"metadata.name={name}", "listOptions.resourceVersion": "0"}
    phases = []
    for event in stream(http, f"/api/v1/workflow-events/{ns}", events, **selector):
        assert (event["object"]["kind"], event["object"]["metadata"]["name"]) == ("Workflow", name)
        phases.append((event["type"], (event["object"].get("status") or {}).get("phase", "")))
        if phases[-1][1] in ENDED:
            break
    assert phases[0][0] == "ADDED"
    assert phases[-1] == ("MODIFIED", "Succeeded")


def test_events_of_a_namespace_are_streamed(http: httpx.Client, ns: str, hello: dict[str, Any]) -> None:
    selector = {"listOptions.fieldSelector": f"involvedObject.name={hello['metadata']['name']}"}
    for event in stream(http, f"/api/v1/stream/events/{ns}", True, **selector):
        if event["reason"] == "WorkflowSucceeded":
            break
    assert event["involvedObject"]["uid"] == hello["metadata"]["uid"]


def test_logs_are_server_sent_events_for_who_asks(http: httpx.Client, ns: str, hello: dict[str, Any]) -> None:
    path = f"/api/v1/workflows/{ns}/{hello['metadata']['name']}/log"
    for events in (True, False):
        found = list(stream(http, path, events, **{"logOptions.container": "main"}))
        assert [item["content"] for item in found] == ["hello you"]


def test_a_stream_needs_the_right_to_watch(http: httpx.Client, api: Api, ns: str) -> None:
    headers = {"impersonate-user": "nobody"}
    refused = http.get(f"/api/v1/workflow-events/{ns}", headers=headers)
    assert refused.status_code == 403
    assert refused.json()["code"] == 7
    assert 'User "nobody" cannot watch resource "workflows"' in refused.json()["message"]


# ---- reading


def test_every_namespace_and_the_latest(api: Api, ns: str, hello: dict[str, Any]) -> None:
    everywhere = api.get("/api/v1/workflows/").body["items"]
    assert hello["metadata"]["uid"] in [item["metadata"]["uid"] for item in everywhere]
    name = create(api, ns, HELLO)["metadata"]["name"]
    time.sleep(1.1)  # a second is the finest that a creation time knows
    latest = create(api, ns, HELLO)["metadata"]["name"]
    assert api.get(f"/api/v1/workflows/{ns}/@latest").body["metadata"]["name"] == latest != name
    assert api.get("/api/v1/workflows/nowhere/@latest").code == 404
    ended(api, ns, latest)


# ---- artifacts


def test_artifacts_are_handed_out_as_they_are_stored(
    http: httpx.Client, ns: str, hello: dict[str, Any]
) -> None:
    name, uid, node = hello["metadata"]["name"], hello["metadata"]["uid"], node_of(hello)
    for path in (
        f"/artifacts/{ns}/{name}/{node}/plain",
        f"/artifacts-by-uid/{uid}/{node}/plain",
        f"/artifact-files/{ns}/workflows/{name}/{node}/outputs/plain",
        f"/artifact-files/{ns}/archived-workflows/{uid}/{node}/outputs/plain",
    ):
        found = http.get(path)
        assert (found.status_code, found.content) == (200, b"hello you\n"), path
        assert found.headers["content-disposition"] == 'filename="out.txt"'
    packed = http.get(f"/artifacts/{ns}/{name}/{node}/packed")
    assert packed.headers["content-disposition"] == 'filename="packed.tgz"'
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(packed.content))) as archive:
        assert [archive.extractfile(one).read() for one in archive if one.isfile()] == [b"hello you\n"]  # type: ignore[union-attr]
    assert http.get(f"/input-artifacts/{ns}/{name}/{node}/given").content == b"raw text"
    assert http.get(f"/input-artifacts-by-uid/{uid}/{node}/given").content == b"raw text"


def test_what_is_no_artifact_is_not_found(http: httpx.Client, ns: str, hello: dict[str, Any]) -> None:
    name, node = hello["metadata"]["name"], node_of(hello)
    for path in (
        f"/artifacts/{ns}/{name}/{node}/nothing",
        f"/artifacts/{ns}/{name}/nothing/plain",
        f"/artifacts/{ns}/nothing/{node}/plain",
        f"/artifacts/default/{name}/{node}/plain",
        f"/artifacts-by-uid/nothing/{node}/plain",
        f"/artifacts/{ns}/{name}",
    ):
        assert http.get(path).status_code == 404, path
    headers = {"impersonate-user": "nobody"}
    assert http.get(f"/artifacts/{ns}/{name}/{node}/plain", headers=headers).status_code == 403
    assert httpx.get(f"{http.base_url}/artifacts/{ns}/{name}/{node}/plain", verify=False).status_code == 401


# ---- the archive


def archived(api: Api, **query: Any) -> list[dict[str, Any]]:
    found = api.get("/api/v1/archived-workflows", **query)
    assert found.code == 200, found.body
    items: list[dict[str, Any]] = found.body["items"]
    return items


def test_a_workflow_stays_in_the_archive_when_it_is_deleted(api: Api, ns: str) -> None:
    workflow = ended(api, ns, create(api, ns, HELLO)["metadata"]["name"])
    name, uid = workflow["metadata"]["name"], workflow["metadata"]["uid"]
    assert api.delete(f"/api/v1/workflows/{ns}/{name}").body == {}
    kept = api.get(f"/api/v1/archived-workflows/{uid}").body
    assert kept["status"] == workflow["status"]
    assert kept["spec"] == workflow["spec"]
    assert kept["metadata"]["labels"]["workflows.argoproj.io/workflow-archiving-status"] == "Persisted"
    # What is only in the archive is found by name too, as argo-server does.
    assert api.get(f"/api/v1/workflows/{ns}/{name}").body["metadata"]["uid"] == uid
    assert api.delete(f"/api/v1/archived-workflows/{uid}").code == 200
    assert api.get(f"/api/v1/archived-workflows/{uid}").code == 404
    assert api.get(f"/api/v1/workflows/{ns}/{name}").code == 404


def test_the_archive_is_searched(api: Api, ns: str, hello: dict[str, Any], broken: dict[str, Any]) -> None:
    mine = {"listOptions.fieldSelector": f"metadata.namespace={ns}"}
    names = [item["metadata"]["name"] for item in archived(api, **mine)]
    assert {hello["metadata"]["name"], broken["metadata"]["name"]} <= set(names)
    failed = archived(api, **mine, **{"listOptions.labelSelector": "workflows.argoproj.io/phase=Failed"})
    assert [item["metadata"]["name"] for item in failed] == [broken["metadata"]["name"]]
    assert failed[0]["status"]["phase"] == "Failed"
    assert "nodes" not in failed[0]["status"]
    prefixed = archived(api, namespace=ns, namePrefix="brok")
    assert [item["metadata"]["name"] for item in prefixed] == [broken["metadata"]["name"]]
    assert archived(api, namespace="nowhere") == []
    page = api.get("/api/v1/archived-workflows", namespace=ns, **{"listOptions.limit": 1}).body
    assert (len(page["items"]), page["metadata"]["continue"]) == (1, "1")
    rest = archived(api, namespace=ns, **{"listOptions.limit": 100, "listOptions.continue": "1"})
    assert [item["metadata"]["name"] for item in page["items"] + rest] == names
    keys = api.get("/api/v1/archived-workflows-label-keys", namespace=ns).body["items"]
    assert {"kind", "workflows.argoproj.io/phase"} <= set(keys)
    values = {"namespace": ns, "listOptions.labelSelector": "kind"}
    assert api.get("/api/v1/archived-workflows-label-values", **values).body["items"] == ["greeting"]
    wrong = api.get("/api/v1/archived-workflows", **{"listOptions.fieldSelector": "spec.entrypoint=x"})
    assert (wrong.code, wrong.body["message"]) == (400, "unsupported requirement spec.entrypoint=x")


def test_archived_workflows_run_again(api: Api, ns: str) -> None:
    workflow = ended(api, ns, create(api, ns, BROKEN)["metadata"]["name"])
    name, uid = workflow["metadata"]["name"], workflow["metadata"]["uid"]
    there = api.put(f"/api/v1/archived-workflows/{uid}/retry", {"uid": uid})
    assert (there.code, there.body["message"]) == (
        409,
        f"workflow {name} is still in the cluster: retry that one",
    )
    api.delete(f"/api/v1/workflows/{ns}/{name}")
    retried = api.put(f"/api/v1/archived-workflows/{uid}/retry", json.dumps({"uid": uid}))
    assert (retried.code, retried.body["metadata"]["name"]) == (200, name)
    assert ended(api, ns, name)["status"]["phase"] == "Failed"
    again = api.put(f"/api/v1/archived-workflows/{uid}/resubmit", json.dumps({"uid": uid}))
    assert again.code == 200
    assert again.body["metadata"]["name"].startswith("broken-")
    assert again.body["metadata"]["name"] != name
    assert ended(api, ns, again.body["metadata"]["name"])["status"]["phase"] == "Failed"


def test_the_archive_follows_the_rights_to_workflows(http: httpx.Client, hello: dict[str, Any]) -> None:
    headers = {"impersonate-user": "nobody"}
    uid = hello["metadata"]["uid"]
    for method, path in (
        ("GET", "/api/v1/archived-workflows"),
        ("GET", "/api/v1/archived-workflows-label-keys"),
        ("GET", f"/api/v1/archived-workflows/{uid}"),
        ("DELETE", f"/api/v1/archived-workflows/{uid}"),
        ("PUT", f"/api/v1/archived-workflows/{uid}/retry"),
    ):
        assert http.request(method, path, headers=headers).status_code == 403, path


# ---- deleting


def test_force_deletes_what_has_finalizers(api: Api, ns: str) -> None:
    stuck = {**BROKEN, "metadata": {"name": "stuck", "finalizers": ["example.com/never"]}}
    create(api, ns, stuck)
    assert api.delete(f"/api/v1/workflows/{ns}/stuck", json.dumps({"force": True})).code == 200
    assert api.get(f"/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflows/stuck").code == 404
