"""Who may do what: sixty requests by six identities, against the roles that every cluster has and a few of the test's own.

Writes are dry runs, so a row leaves nothing behind. The table holds for a kube-apiserver too.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from tests.contract.conftest import Api

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
IDENTITIES = ("anonymous", "wrong token", "viewer", "editor", "reader", "admin")

READER = [
    {"apiGroups": [""], "resources": ["pods", "configmaps", "namespaces"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["argoproj.io"], "resources": ["workflows"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["argoproj.io"], "resources": ["workflows/status"], "verbs": ["patch"]},
    {
        "apiGroups": [""],
        "resources": ["secrets"],
        "verbs": ["get", "list", "watch", "update", "delete"],
        "resourceNames": ["allowed"],
    },
    {"apiGroups": [""], "resources": ["*/eviction"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"], "resourceNames": ["jane"]},
    {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create"]},
    {"nonResourceURLs": ["/logs/*", "/debug"], "verbs": ["get"]},
]
"""What the reader may, in all namespaces."""


def rule(group: str, resource: str, *verbs: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}


def role(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "made"}, "rules": list(rules)}


def binding(kind: str, name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "made"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}],
    }


MAP = {"metadata": {"name": "made"}}
POD = {"metadata": {"name": "made"}, "spec": {"containers": [{"name": "a", "image": "i"}], "serviceAccountName": "viewer"}}  # fmt: skip
WORKFLOW = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"name": "made"},
    "spec": {},
}
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "pod"}}
TOKEN = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
N, O = "/api/v1/namespaces/{ns}", "/api/v1/namespaces/{other}"  # noqa: E741
W = "/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflows"


class Row(NamedTuple):
    """A request, and what the viewer, the editor, the reader and the administrator get; None where it depends on how Argo was installed."""

    request: str
    expected: tuple[int | None, int | None, int, int]
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    anonymous: int = 403


AS_JANE = (("impersonate-user", "jane"),)
AS_ROOT = (("impersonate-user", "jane"), ("impersonate-group", "system:masters"))
AS_VIEWER = (("impersonate-user", "system:serviceaccount:{ns}:viewer"),)

ROWS = [
    # reading in a namespace where viewer and editor are bound
    Row(f"GET {N}/pods", (200, 200, 200, 200)),
    Row(f"GET {N}/pods/pod", (200, 200, 200, 200)),
    Row(f"GET {N}/configmaps?watch=true&timeoutSeconds=1", (200, 200, 200, 200)),
    Row(f"GET {N}/configmaps/none", (404, 404, 404, 404)),
    Row(f"GET {N}/services", (200, 200, 403, 200)),
    Row(f"GET {N}/serviceaccounts/viewer", (200, 200, 403, 200)),
    Row(f"GET {N}/pods/pod/status", (200, 200, 403, 200)),
    Row(f"GET {N}/events", (200, 200, 403, 200)),
    Row("GET /apis/apps/v1/namespaces/{ns}/deployments", (200, 200, 403, 200)),
    Row("GET /apis/batch/v1/namespaces/{ns}/jobs", (200, 200, 403, 200)),
    Row("GET /apis/coordination.k8s.io/v1/namespaces/{ns}/leases", (403, 200, 403, 200)),
    Row(f"GET {W}", (None, None, 200, 200)),
    # and where they are not
    Row(f"GET {O}/pods", (403, 403, 200, 200)),
    Row(f"GET {O}/configmaps/none", (403, 403, 404, 404)),
    Row("GET /api/v1/pods", (403, 403, 200, 200)),
    Row("GET /api/v1/namespaces", (403, 403, 200, 200)),
    Row("GET /api/v1/namespaces/{ns}", (200, 200, 200, 200)),
    Row("GET /api/v1/namespaces/{other}", (403, 403, 200, 200)),
    Row("GET /api/v1/nodes", (403, 403, 403, 200)),
    # secrets, and rights on one name
    Row(f"GET {N}/secrets", (403, 200, 403, 200)),
    Row(f"GET {N}/secrets/allowed", (403, 200, 200, 200)),
    Row(f"GET {N}/secrets/denied", (403, 200, 403, 200)),
    Row(f"GET {N}/secrets?fieldSelector=metadata.name%3Dallowed", (403, 200, 200, 200)),
    Row(f"GET {N}/secrets?fieldSelector=metadata.name%3Ddenied", (403, 200, 403, 200)),
    Row(f"GET {N}/secrets?watch=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dallowed", (403, 200, 200, 200)),
    Row(f"PUT {N}/secrets/allowed", (403, 200, 200, 200), {"metadata": {"name": "allowed"}, "type": "Opaque"}),
    Row(f"PATCH {N}/secrets/allowed", (403, 200, 403, 200), {"data": {}}),
    Row(f"POST {N}/secrets", (403, 201, 403, 201), {"metadata": {"name": "made"}}),
    Row(f"DELETE {N}/secrets/allowed", (403, 200, 200, 200)),
    # writing
    Row(f"POST {N}/configmaps", (403, 201, 403, 201), MAP),
    Row(f"POST {O}/configmaps", (403, 403, 403, 201), MAP),
    Row(f"PATCH {N}/configmaps/kept", (403, 200, 403, 200), {"data": {"a": "b"}}),
    Row(f"DELETE {N}/configmaps/kept", (403, 200, 403, 200)),
    Row(f"DELETE {N}/configmaps", (403, 200, 403, 200)),
    Row(f"POST {N}/pods", (403, 201, 403, 201), POD),
    Row("POST /api/v1/namespaces", (403, 403, 403, 201), {"metadata": {"name": "made-{ns}"}}),
    Row("DELETE /api/v1/namespaces/{ns}", (403, 403, 403, 200)),
    Row(f"POST {W}", (None, None, 403, 201), WORKFLOW),
    Row("POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions", (403, 403, 403, 422), MAP),
    # subresources are not their resource, and the other way round
    Row(f"GET {N}/pods/pod/log", (204, 204, 403, 204)),
    Row(f"GET {N}/pods/pod/exec?command=ls", (403, 400, 403, 400)),
    Row(f"POST {N}/pods/pod/exec?command=ls", (403, 400, 403, 400)),
    Row(f"POST {N}/pods/pod/attach", (403, 400, 403, 400)),
    Row(f"POST {N}/pods/pod/portforward?ports=80", (403, 400, 403, 400)),
    Row(f"POST {N}/pods/pod/eviction", (403, 201, 201, 201), EVICTION),
    Row(f"PATCH {N}/pods/pod/status", (403, 403, 403, 200), {"status": {"message": "m"}}),
    Row(f"PATCH {W}/none/status", (None, None, 404, 404), {"status": {}}),
    Row(f"POST {N}/serviceaccounts/viewer/token", (403, 201, 403, 201), TOKEN),
    Row(f"PUT {N}/finalize", (403, 403, 403, 200), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{ns}"}, "spec": {"finalizers": ["kubernetes"]}}),
    # nobody grants what he has not
    Row(f"GET {RBAC}/namespaces/{{ns}}/roles", (403, 403, 403, 200)),
    Row(f"POST {RBAC}/namespaces/{{ns}}/roles", (403, 403, 201, 201), role(rule("", "configmaps", "get"))),
    Row(f"POST {RBAC}/namespaces/{{ns}}/roles", (403, 403, 403, 201), role(rule("", "configmaps", "get", "create"))),
    Row(f"POST {RBAC}/namespaces/{{ns}}/roles", (403, 403, 403, 201), role(rule("", "secrets", "get"))),
    Row(f"POST {RBAC}/namespaces/{{ns}}/roles", (403, 403, 201, 201), role({**rule("", "secrets", "get"), "resourceNames": ["allowed"]})),
    Row(f"POST {RBAC}/namespaces/{{ns}}/roles", (403, 403, 403, 201), role(rule("*", "*", "*"))),
    Row(f"POST {RBAC}/namespaces/{{ns}}/rolebindings", (403, 403, 201, 201), binding("Role", "modest")),
    Row(f"POST {RBAC}/namespaces/{{ns}}/rolebindings", (403, 403, 403, 201), binding("ClusterRole", "cluster-admin")),
    Row(f"POST {RBAC}/namespaces/{{ns}}/rolebindings", (403, 403, 201, 201), binding("ClusterRole", "{reader}")),
    Row(f"POST {RBAC}/clusterroles", (403, 403, 403, 201), role(rule("", "configmaps", "get"))),
    Row(f"POST {RBAC}/clusterrolebindings", (403, 403, 403, 201), binding("ClusterRole", "view")),
    # acting as somebody else
    Row("GET /api/v1/namespaces", (403, 403, 403, 403), headers=AS_JANE),
    Row(REVIEW.replace("/apis", "POST /apis", 1), (403, 403, 201, 201), {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}, AS_JANE),
    Row("GET /api/v1/namespaces", (403, 403, 403, 200), headers=AS_ROOT),
    Row(f"GET {N}/pods", (403, 200, 403, 200), headers=AS_VIEWER),
    Row(f"GET {N}/secrets", (403, 403, 403, 403), headers=AS_VIEWER),
    # questions, and URLs that are no resources
    Row(REVIEW.replace("/apis", "POST /apis", 1), (201, 201, 201, 201), {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
    Row("POST /apis/authorization.k8s.io/v1/subjectaccessreviews", (403, 403, 403, 201), {"spec": {"user": "jane", "resourceAttributes": {"verb": "get", "resource": "pods"}}}),
    Row("POST /apis/authentication.k8s.io/v1/tokenreviews", (403, 403, 403, 201), {"spec": {"token": "x"}}),
    Row("GET /version", (200, 200, 200, 200), anonymous=200),
    Row("GET /healthz", (200, 200, 200, 200), anonymous=200),
    Row("GET /livez", (200, 200, 200, 200), anonymous=200),
    Row("GET /readyz", (200, 200, 200, 200), anonymous=200),
    Row("POST /version", (403, 403, 403, 405)),
    Row("GET /api/v1/nothings", (403, 403, 403, 404)),
    Row("GET /apis/none.example.com/v1/namespaces/{ns}/nothings/x", (403, 403, 403, 404)),
    Row("GET /apis", (200, 200, 200, 200)),
    Row("GET /openapi/v3", (200, 200, 200, 200)),
    Row("GET /logs/x", (403, 403, 404, 404)),
    Row("GET /debug/x", (403, 403, 403, 404)),
]  # fmt: skip


class World(NamedTuple):
    """Namespaces of the table, and a token for each identity that has one."""

    api: Api
    places: dict[str, str]
    tokens: dict[str, str]


def _must(answer: Any) -> Any:
    assert answer.code in (200, 201), answer.body
    return answer.body


def _filled_role(api: Api, name: str) -> str:
    """The ClusterRole, or what would be put into it where no controller does so."""
    found = _must(api.get(f"{RBAC}/clusterroles/{name}"))
    return name if found.get("rules") else f"system:aggregate-to-{name}"


@pytest.fixture(scope="module")
def world(api: Api) -> Iterator[World]:
    mark = uuid.uuid4().hex[:8]
    ns, other = f"rbac-{mark}", f"rbac-other-{mark}"
    names = []
    for name in (ns, other):
        _must(api.post("/api/v1/namespaces", {"metadata": {"name": name}}))
    tokens = {"wrong token": "eyJhbGciOiJub25lIn0.e30.x"}
    where = f"/api/v1/namespaces/{ns}"
    for who in ("viewer", "editor", "reader"):
        _must(api.post(f"{where}/serviceaccounts", {"metadata": {"name": who}}))
        tokens[who] = _must(api.post(f"{where}/serviceaccounts/{who}/token", TOKEN))["status"]["token"]
    for who, roles in (("viewer", ("view",)), ("editor", ("view", "edit"))):
        for granted in roles:
            body = binding("ClusterRole", _filled_role(api, granted))
            body["metadata"]["name"] = f"{who}-{granted}"
            body["subjects"] = [{"kind": "ServiceAccount", "name": who, "namespace": ns}]
            _must(api.post(f"{RBAC}/namespaces/{ns}/rolebindings", body))
    name = f"reader-{mark}"
    _must(api.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": READER}))
    body = binding("ClusterRole", name)
    body["metadata"]["name"] = name
    body["subjects"] = [{"kind": "ServiceAccount", "name": "reader", "namespace": ns}]
    _must(api.post(f"{RBAC}/clusterrolebindings", body))
    names.append(name)
    modest = {"metadata": {"name": "modest"}, "rules": [rule("", "configmaps", "get", "list")]}
    _must(api.post(f"{RBAC}/namespaces/{ns}/roles", modest))
    for kind, found in (("secrets", "allowed"), ("secrets", "denied"), ("configmaps", "kept")):
        _must(api.post(f"{where}/{kind}", {"metadata": {"name": found}}))
    pod = {"metadata": {"name": "pod"}, "spec": {"containers": [{"name": "a", "image": "i"}], "serviceAccountName": "viewer"}}  # fmt: skip
    _must(api.post(f"{where}/pods", pod))
    tokens["admin"] = api.client.headers["authorization"].removeprefix("Bearer ")
    yield World(api, {"ns": ns, "other": other, "reader": name}, tokens)
    for name in names:
        api.delete(f"{RBAC}/clusterrolebindings/{name}")
        api.delete(f"{RBAC}/clusterroles/{name}")
    api.delete(f"{where}/pods/pod", gracePeriodSeconds=0)
    for name in (ns, other):
        api.delete(f"/api/v1/namespaces/{name}")


def filled(value: Any, places: dict[str, str]) -> Any:
    """A path, a header or a body with its namespaces."""
    if isinstance(value, str):
        for name, place in places.items():
            value = value.replace("{" + name + "}", place)
        return value
    if isinstance(value, dict):
        return {key: filled(item, places) for key, item in value.items()}
    return [filled(item, places) for item in value] if isinstance(value, list) else value


def send(world: World, row: Row, identity: str) -> int:
    """The code of the answer to a row's request."""
    method, path = filled(row.request, world.places).split(" ", 1)
    headers = {"authorization": f"Bearer {world.tokens[identity]}"} if identity in world.tokens else {}
    headers |= {name: filled(value, world.places) for name, value in row.headers}
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    if method in ("POST", "PUT", "PATCH", "DELETE") and "review" not in path and "/pods/pod/" not in path:
        path += ("&" if "?" in path else "?") + "dryRun=All"
    if path.endswith(("/eviction", "/finalize?dryRun=All", "/pod/status")):
        path = path.partition("?")[0] + "?dryRun=All"
    base = world.api.client
    body = filled(row.body, world.places)
    request = httpx.Request(
        method, base.base_url.join(path), json=body, headers={**headers, "content-type": kind, "accept": "application/json"}
    )  # fmt: skip
    if body is None:
        request = httpx.Request(method, base.base_url.join(path), headers=headers)
    return base.send(request).status_code


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.request}{' as' if row.headers else ''}")
def test_who_may(world: World, row: Row) -> None:
    expected = {
        "anonymous": row.anonymous,
        "wrong token": 401,
        **{name: code for name, code in zip(IDENTITIES[2:], row.expected, strict=True) if code},
    }
    assert {identity: send(world, row, identity) for identity in expected} == expected


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Nonsense a b"])
def test_who_shows_nothing_is_anonymous(world: World, header: str | None) -> None:
    """What is no bearer token is no credential either: everybody's rights are left."""
    headers = {} if header is None else {"authorization": header}

    def message(method: str, path: str, **more: str) -> tuple[int, str]:
        base = world.api.client
        request = httpx.Request(method, base.base_url.join(path), headers={**headers, **more})
        found = base.send(request)
        return found.status_code, found.json()["message"]

    who = 'User "system:anonymous" cannot'
    assert message("GET", "/api/v1/namespaces/default/pods") == (
        403,
        f'pods is forbidden: {who} list resource "pods" in API group "" in the namespace "default"',
    )
    assert message("DELETE", "/api/v1/nodes/n") == (
        403,
        f'nodes "n" is forbidden: {who} delete resource "nodes" in API group "" at the cluster scope',
    )
    assert message("GET", "/apis") == (403, f'forbidden: {who} get path "/apis"')
    assert message("POST", "/version") == (403, f'forbidden: {who} post path "/version"')
    assert message("GET", "/apis/none.example.com/v1/things") == (
        403,
        f'things.none.example.com is forbidden: {who} list resource "things" in API group "none.example.com" at the cluster scope',
    )
    assert message("GET", "/version", **{"impersonate-user": "jane"}) == (
        403,
        f'users "jane" is forbidden: {who} impersonate resource "users" in API group "" at the cluster scope',
    )


def test_the_table_is_large_enough() -> None:
    assert (len(ROWS) >= 60, len(IDENTITIES)) == (True, 6)
