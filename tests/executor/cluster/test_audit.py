"""The audit log: a line for each request, and for what goes on one at its beginning and one at its end."""

from __future__ import annotations

import json
import os
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from executor.cluster.audit import AuditLog
from executor.cluster.testing import RunningCluster, running_cluster, stop
from tests.contract.conftest import client_of


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningCluster, Path]]:
    folder = tmp_path_factory.mktemp("audit")
    with running_cluster(folder / "data", ["--audit-log", str(folder / "audit.log")]) as cluster:
        yield cluster, folder / "audit.log"


def events(path: Path, audit_id: str, count: int = 1) -> list[dict[str, Any]]:
    """The events of a request, once there are so many."""
    deadline = time.monotonic() + 20
    while True:
        found = [json.loads(line) for line in path.read_text().splitlines()]
        mine = [event for event in found if event["auditID"] == audit_id]
        if len(mine) >= count:
            return mine
        assert time.monotonic() < deadline, mine
        time.sleep(0.02)


def test_a_request_is_told_when_it_is_answered(audited: tuple[RunningCluster, Path]) -> None:
    cluster, path = audited
    body = {"metadata": {"generateName": "made-"}, "data": {"secret": "hidden"}}
    with client_of(cluster.kubeconfig) as http:
        url = "/api/v1/namespaces/default/configmaps"
        made = http.post(
            f"{url}?dryRun=All", json=body, headers={"user-agent": "a-test", "audit-id": "mine-1"}
        )
    assert (made.status_code, made.headers["audit-id"]) == (201, "mine-1")
    [event] = events(path, "mine-1")
    times = event.pop("requestReceivedTimestamp"), event.pop("stageTimestamp")
    assert times[0] <= times[1]
    assert event == {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": "mine-1",
        "stage": "ResponseComplete",
        "requestURI": f"{url}?dryRun=All",
        "verb": "create",
        "user": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
        "sourceIPs": ["127.0.0.1"],
        "userAgent": "a-test",
        "objectRef": {
            "resource": "configmaps",
            "namespace": "default",
            "name": made.json()["metadata"]["name"],
            "apiVersion": "v1",
        },
        "responseStatus": {"metadata": {}, "code": 201},
        "annotations": {"authorization.k8s.io/decision": "allow"},
    }
    assert "hidden" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_refusal_names_both_users(audited: tuple[RunningCluster, Path]) -> None:
    cluster, path = audited
    with client_of(cluster.kubeconfig) as http:
        headers = {"impersonate-user": "nobody"}
        found = http.get("/apis/argoproj.io/v1alpha1/namespaces/default/workflows/x", headers=headers)
    [event] = events(path, found.headers["audit-id"])
    assert event["user"]["username"] == "kubernetes-admin"
    assert event["impersonatedUser"] == {"username": "nobody", "groups": ["system:authenticated"]}
    assert event["objectRef"] == {
        "resource": "workflows",
        "namespace": "default",
        "name": "x",
        "apiGroup": "argoproj.io",
        "apiVersion": "v1alpha1",
    }
    assert event["responseStatus"] == {
        "metadata": {},
        "code": 403,
        "status": "Failure",
        "reason": "Forbidden",
        "message": found.json()["message"],
    }
    assert event["annotations"] == {"authorization.k8s.io/decision": "forbid"}


def test_credentials_that_are_none_have_no_user(audited: tuple[RunningCluster, Path]) -> None:
    cluster, path = audited
    found = httpx.get(f"{cluster.url}/version", verify=False, headers={"authorization": "Bearer nonsense"})
    [event] = events(path, found.headers["audit-id"])
    assert (event["user"], event["responseStatus"]["code"]) == ({}, 401)
    assert "annotations" not in event
    assert "objectRef" not in event
    assert "nonsense" not in path.read_text()


def test_a_watch_is_told_at_its_beginning_and_its_end(audited: tuple[RunningCluster, Path]) -> None:
    cluster, path = audited
    with client_of(cluster.kubeconfig) as http:
        params = {"watch": "true", "timeoutSeconds": "1"}
        found = http.get("/api/v1/pods", params=params, timeout=30)
    started, ended = events(path, found.headers["audit-id"], 2)
    assert (started["stage"], ended["stage"]) == ("ResponseStarted", "ResponseComplete")
    assert (started["verb"], started["objectRef"]) == ("watch", {"resource": "pods", "apiVersion": "v1"})
    assert started["stageTimestamp"] < ended["stageTimestamp"]


def _forwarding(http: httpx.Client, audit_id: str, ports: str) -> socket.socket:
    """A connection on which a WebSocket to the pod `p` is asked for, and answered with the status line that is read first."""
    url = http.base_url
    plain = socket.create_connection((url.host, url.port), timeout=20)
    link = ssl._create_unverified_context().wrap_socket(plain, server_hostname=url.host)
    lines = [
        f"GET /api/v1/namespaces/default/pods/p/portforward?ports={ports} HTTP/1.1",
        f"host: {url.host}:{url.port}", f"authorization: {http.headers['authorization']}", f"audit-id: {audit_id}",
        "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13",
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "sec-websocket-protocol: v4.channel.k8s.io",
    ]  # fmt: skip
    link.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return link


def test_a_websocket_is_told_when_it_is_accepted_or_refused(audited: tuple[RunningCluster, Path]) -> None:
    cluster, path = audited
    pods = "/api/v1/namespaces/default/pods"
    spec = {"containers": [{"name": "main", "image": "alpine:3.20"}]}
    with client_of(cluster.kubeconfig) as http:
        made = http.post(pods, json={"kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
        assert made.status_code == 201, made.text
        with _forwarding(http, "refused", "80") as link:
            assert link.recv(4096).startswith(b"HTTP/1.1 400 ")
        patch = {"status": {"phase": "Running"}}
        kind = {"content-type": "application/merge-patch+json"}
        assert http.patch(f"{pods}/p/status", json=patch, headers=kind).status_code == 200
        with _forwarding(http, "accepted", "80") as link:
            assert link.recv(4096).startswith(b"HTTP/1.1 101 ")
    [refused] = events(path, "refused")
    assert (refused["stage"], refused["responseStatus"]["code"]) == ("ResponseComplete", 400)
    accepted = events(path, "accepted", 2)
    assert [(one["stage"], one["responseStatus"]["code"]) for one in accepted] == [
        ("ResponseStarted", 101),
        ("ResponseComplete", 101),
    ]
    assert {one["objectRef"]["subresource"] for one in (refused, *accepted)} == {"portforward"}


def test_what_waits_is_written_when_the_server_stops(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    with running_cluster(tmp_path / "data", ["--audit-log", str(path)]) as cluster:
        with client_of(cluster.kubeconfig) as http:
            ids = [http.get("/api/v1/nodes").headers["audit-id"] for _ in range(50)]
        assert stop(cluster.process) == 0
    written = [json.loads(line)["auditID"] for line in path.read_text().splitlines()]
    assert [one for one in written if one in set(ids)] == ids


def test_a_file_that_is_full_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    for number in range(3):  # each of its own writer, so that each line is a batch of its own
        log = AuditLog(path, limit=60)
        log.write({"auditID": str(number), "text": "x" * 30})
        log.close()
    assert [json.loads(line)["auditID"] for line in path.read_text().splitlines()] == ["2"]
    assert [json.loads(line)["auditID"] for line in (tmp_path / "audit.log.1").read_text().splitlines()] == [
        "1"
    ]


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        place = tmp_path / "folder.log"
        place.mkdir()
    else:
        place = Path("/audit.log")
    with (
        pytest.raises(RuntimeError, match=f"--audit-log {place}: "),
        running_cluster(tmp_path / "data", ["--audit-log", str(place)]),
    ):
        pass
