"""The contract runs against any Kubernetes API: an embedded cluster, or the one of a kubeconfig.

pytest tests/contract --kubeconfig ~/.kube/config     (or CONTRACT_KUBECONFIG=…)
"""

from __future__ import annotations

import json
import os
import ssl
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from executor.cluster.testing import running_cluster

WORKFLOWS = "/apis/argoproj.io/v1alpha1"
KINDS = {
    "workflows": "Workflow",
    "workflowtemplates": "WorkflowTemplate",
    "cronworkflows": "CronWorkflow",
    "clusterworkflowtemplates": "ClusterWorkflowTemplate",
    "workflowtasksets": "WorkflowTaskSet",
    "workflowtaskresults": "WorkflowTaskResult",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kubeconfig", default=None, help="run the contract against this cluster")


class Answer(NamedTuple):
    """A response: code, body (parsed when it is JSON) and headers."""

    code: int
    body: Any
    headers: httpx.Headers

    @property
    def failure(self) -> tuple[int, str, str]:
        """Code, reason and message of a Status."""
        return self.code, self.body.get("reason"), self.body.get("message")


def typed(path: str, body: Any) -> Any:
    """A body with the apiVersion and kind that a custom resource must have; the tests write them for Argo's kinds only here."""
    kind = KINDS.get(path.rpartition("/")[2])
    if kind is None or not isinstance(body, dict) or not path.startswith(WORKFLOWS) or "kind" in body:
        return body
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, **body}


class Api:
    """Raw requests to an API server, as an administrator."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def call(
        self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: Any
    ) -> Answer:
        content = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        headers = {"content-type": kind} if body is not None else {}
        found = self.client.request(method, path, params=query, content=content, headers=headers)
        is_json = found.headers.get("content-type", "").startswith("application/json")
        return Answer(found.status_code, found.json() if is_json else found.text, found.headers)

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("POST", path, typed(path, body), **query)

    def put(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PUT", path, body, **query)

    def delete(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.call("DELETE", path, body, **query)

    def merge(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PATCH", path, body, "application/merge-patch+json", **query)

    def json_patch(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PATCH", path, body, "application/json-patch+json", **query)

    def strategic(self, path: str, body: Any, **query: Any) -> Answer:
        return self.call("PATCH", path, body, "application/strategic-merge-patch+json", **query)

    def apply(self, path: str, body: Any, manager: str = "tester", **query: Any) -> Answer:
        return self.call("PATCH", path, body, "application/apply-patch+yaml", fieldManager=manager, **query)

    def watch(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The events of a watch until the server ends it (after `timeoutSeconds`, 1 unless told)."""
        query = {"watch": "true", "timeoutSeconds": 1, **query}
        with self.client.stream("GET", path, params=query) as response:
            return [json.loads(line) for line in response.iter_lines() if line]


def client_of(kubeconfig: Path) -> httpx.Client:
    """An HTTP client for the current context of a kubeconfig."""
    from kubernetes import client, config

    settings = client.Configuration()
    config.load_kube_config(config_file=str(kubeconfig), client_configuration=settings)
    verify: Any = True
    if not settings.verify_ssl:
        verify = False
    elif settings.host.startswith("https"):
        verify = ssl.create_default_context(cafile=settings.ssl_ca_cert)
        if settings.cert_file:
            verify.load_cert_chain(settings.cert_file, settings.key_file)
    token = settings.get_api_key_with_prefix("authorization") or settings.get_api_key_with_prefix(
        "BearerToken"
    )
    headers = {"authorization": token} if token else {}
    return httpx.Client(base_url=settings.host, verify=verify, headers=headers, timeout=30)


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Iterator[Path]:
    named = request.config.getoption("--kubeconfig", default=None) or os.environ.get("CONTRACT_KUBECONFIG")
    if named:
        yield Path(named)
        return
    with running_cluster() as cluster:
        yield cluster.kubeconfig


@pytest.fixture(scope="session")
def api(kubeconfig: Path) -> Iterator[Api]:
    with client_of(kubeconfig) as client:
        yield Api(client)


@pytest.fixture
def ns(api: Api) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    assert api.post("/api/v1/namespaces", {"metadata": {"name": name}}).code == 201
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def any_ns(api: Api) -> Iterator[str]:
    """A namespace for tests that leave nothing in it which others could stumble over."""
    name = f"t-{uuid.uuid4().hex[:10]}"
    assert api.post("/api/v1/namespaces", {"metadata": {"name": name}}).code == 201
    yield name
    api.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def maps(ns: str) -> str:
    """The path of the ConfigMaps of the test's namespace."""
    return f"/api/v1/namespaces/{ns}/configmaps"


@pytest.fixture
def workflows(ns: str) -> str:
    """The path of the Workflows of the test's namespace."""
    return f"{WORKFLOWS}/namespaces/{ns}/workflows"
