"""The client against a small HTTP server that answers what a Kubernetes API would."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from argolint.errors import UserError
from argolint.kube import KNOWN, ApiError, KubeClient, WatchExpired, resource_for

POD = KNOWN[("v1", "Pod")]


class Api(BaseHTTPRequestHandler):
    """Replies from `routes`: (method, path without query) -> (status, lines of the body)."""

    routes: ClassVar[dict[tuple[str, str], tuple[int, list[Any]]]] = {}
    seen: ClassVar[list[tuple[str, str, str | None, bytes]]] = []

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.seen.append(
            (self.command, self.path, self.headers.get("Authorization"), self.rfile.read(length))
        )
        status, lines = self.routes.get(
            (self.command, self.path.split("?")[0]), (404, [status_of(404, "NotFound")])
        )
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        for line in lines:
            self.wfile.write(json.dumps(line).encode() + b"\n")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output clean."""


def status_of(code: int, reason: str) -> dict[str, Any]:
    return {"kind": "Status", "code": code, "reason": reason, "message": f"{reason} it is"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[KubeClient]:
    Api.routes, Api.seen = {}, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "kubeconfig"
    config.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "argo"}}],
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
                "users": [{"name": "u", "user": {"token": "s3cret"}}],
            }
        )
    )
    yield KubeClient.from_kubeconfig(config)
    server.shutdown()
    server.server_close()


def test_the_context_gives_namespace_and_token(client: KubeClient) -> None:
    Api.routes[("GET", "/version")] = (200, [{"gitVersion": "v1.0"}])
    assert client.default_namespace == "argo"
    assert client.version() == {"gitVersion": "v1.0"}
    assert Api.seen[0][2] == "Bearer s3cret"


def test_list_follows_continue_tokens_and_names_the_kind(
    client: KubeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [
        {"metadata": {"resourceVersion": "7", "continue": "next"}, "items": [{"metadata": {"name": "a"}}]},
        {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "b"}}]},
    ]
    calls: list[Any] = []

    def request(method: str, path: str, *, query: dict[str, Any], **_: Any) -> dict[str, Any]:
        calls.append(query["continue"])
        return pages[len(calls) - 1]

    monkeypatch.setattr(client, "request", request)
    items, version = client.list(POD, "argo")
    assert items == [
        {"metadata": {"name": "a"}, "apiVersion": "v1", "kind": "Pod"},
        {"metadata": {"name": "b"}, "apiVersion": "v1", "kind": "Pod"},
    ]
    assert (version, calls) == ("7", [None, "next"])


def test_errors_carry_the_status_object(client: KubeClient) -> None:
    with pytest.raises(ApiError) as caught:
        client.get(POD, "gone", "argo")
    assert (caught.value.status, caught.value.reason, caught.value.not_found) == (404, "NotFound", True)
    assert client.try_get(POD, "gone", "argo") is None
    Api.routes[("POST", "/api/v1/namespaces/argo/pods")] = (409, [status_of(409, "AlreadyExists")])
    with pytest.raises(ApiError) as caught:
        client.create(POD, {"metadata": {"name": "x"}}, "argo")
    assert caught.value.already_exists
    assert not caught.value.conflict


def test_watch_yields_events_and_raises_when_expired(client: KubeClient) -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
    first = {"type": "ADDED", "object": {"metadata": {"name": "a"}}}
    Api.routes[("GET", path)] = (200, [first, {"type": "ERROR", "object": status_of(410, "Expired")}])
    events = client.watch(resource_for("Workflow"), "argo", resource_version="5")
    assert next(events) == ("ADDED", {"metadata": {"name": "a"}})
    with pytest.raises(WatchExpired):
        next(events)
    assert "resourceVersion=5" in Api.seen[0][1]


def test_apply_and_delete_say_what_the_api_needs(client: KubeClient) -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflowtemplates/t"
    Api.routes[("PATCH", path)] = Api.routes[("DELETE", path)] = (200, [{"ok": True}])
    template = resource_for("WorkflowTemplate")
    client.apply(template, {"metadata": {"name": "t"}}, "argo", field_manager="argosync", dry_run=True)
    client.delete(template, "t", "argo", uid="u1")
    query = Api.seen[0][1].split("?")[1]
    assert query == "fieldManager=argosync&dryRun=All&fieldValidation=Strict"
    assert json.loads(Api.seen[1][3])["preconditions"] == {"uid": "u1"}


def test_unknown_kinds_are_discovered_once(client: KubeClient) -> None:
    reply = {
        "resources": [
            {"name": "widgets", "kind": "Widget", "namespaced": False},
            {"name": "widgets/status", "kind": "Widget"},
        ]
    }
    Api.routes[("GET", "/apis/example.com/v1")] = (200, [reply])
    widget = client.resource("example.com/v1", "Widget")
    assert widget.path("", "w") == "/apis/example.com/v1/widgets/w"
    client.resource("example.com/v1", "Widget")
    assert len(Api.seen) == 1
    with pytest.raises(ApiError, match="serves no kind Gadget"):
        client.resource("example.com/v1", "Gadget")


def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    config = tmp_path / "kubeconfig"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}], users: [{name: u, user: {}}]}"
    )
    with pytest.raises(
        ApiError, match=r"cannot reach the Kubernetes API at http://127.0.0.1:9: .*refused"
    ) as caught:
        KubeClient.from_kubeconfig(config).version()
    assert caught.value.transient


def test_a_missing_or_broken_kubeconfig_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        KubeClient.from_kubeconfig(tmp_path / "none")
    (tmp_path / "bad").write_text("just text")
    with pytest.raises(UserError, match="bad: "):
        KubeClient.from_kubeconfig(tmp_path / "bad")
