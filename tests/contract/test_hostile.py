"""Whatever a client sends, it gets a Status that says what is wrong: never an internal error."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Api

ODD: list[Any] = [
    None,
    5,
    "x",
    [],
    ["x"],
    [[]],
    {},
    {"a": None},
    {"name": 5},
    True,
    [None],
    [{"name": None}],
    {"a": {"b": []}},
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/namespaces/{ns}/pods", {"spec": "ODD"}),
        ("/api/v1/namespaces/{ns}/pods", {"spec": {"containers": "ODD", "volumes": "ODD"}}),
        (
            "/api/v1/namespaces/{ns}/pods",
            {
                "spec": {
                    "containers": [{"name": "a", "image": "i", "volumeMounts": "ODD", "resources": "ODD"}]
                }
            },
        ),
        ("/api/v1/namespaces/{ns}/configmaps", {"data": "ODD"}),
        ("/api/v1/namespaces/{ns}/secrets", {"data": "ODD", "stringData": "ODD"}),
        ("/api/v1/namespaces/{ns}/configmaps", {"metadata": "ODD"}),
        (
            "/api/v1/namespaces/{ns}/configmaps",
            {"metadata": {"name": "x", "labels": "ODD", "ownerReferences": "ODD", "finalizers": "ODD"}},
        ),
        ("/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflows", {"spec": "ODD"}),
        ("/apis/batch/v1/namespaces/{ns}/jobs", {"spec": {"template": "ODD"}}),
        (
            "/api/v1/namespaces/{ns}/persistentvolumeclaims",
            {"spec": {"resources": "ODD", "accessModes": "ODD"}},
        ),
        ("/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/roles", {"rules": "ODD"}),
        (
            "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings",
            {"roleRef": "ODD", "subjects": "ODD"},
        ),
        ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {"spec": "ODD"}),
        (
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            {"spec": {"names": "ODD", "versions": "ODD", "group": "ODD"}},
        ),
        ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": "ODD"}),
        (
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            {"spec": {"user": "ODD", "groups": "ODD", "resourceAttributes": "ODD"}},
        ),
    ],
)
def test_odd_values_are_answered_not_stumbled_over(
    api: Api, any_ns: str, path: str, body: Any, odd: Any
) -> None:
    def fill(value: Any) -> Any:
        if value == "ODD":
            return odd
        return {key: fill(item) for key, item in value.items()} if isinstance(value, dict) else value

    sent = fill(body)
    sent.setdefault("metadata", {"generateName": "odd-"})
    made = api.post(path.format(ns=any_ns), sent, dryRun="All")
    assert made.code < 500, made.body
    if made.code >= 400:
        assert (made.body["kind"], made.body["status"]) == ("Status", "Failure")
        assert made.body["message"]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["metadata", "spec", "data", "status"])
def test_odd_patches(api: Api, any_ns: str, field: str, odd: Any) -> None:
    path = f"/api/v1/namespaces/{any_ns}/pods"
    body = {"metadata": {"generateName": "odd-"}, "spec": {"containers": [{"name": "a", "image": "i"}]}}
    name = api.post(path, body).body["metadata"]["name"]
    for send in (api.merge, api.strategic, api.apply):
        body = {field: odd} if send != api.apply else {"apiVersion": "v1", "kind": "Pod", field: odd}
        changed = send(f"{path}/{name}", body)
        assert changed.code < 500 or "failed to create typed patch object" in changed.body["message"], (
            changed.body
        )


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "many"},
        {"limit": "-1"},
        {"resourceVersion": "-5"},
        {"resourceVersionMatch": "Maybe", "resourceVersion": "1"},
        {"continue": "WzFd"},
        {"labelSelector": "((("},
        {"fieldSelector": "=,="},
        {"fieldSelector": "metadata.name"},
    ],
)
def test_odd_queries(api: Api, any_ns: str, query: dict[str, str]) -> None:
    assert api.get(f"/api/v1/namespaces/{any_ns}/configmaps", **query).code in (200, 400, 422, 504)


@pytest.mark.parametrize(
    "body", [b"", b"k8s\x00", b"k8s\x00\xff\xff\xff", b"k8s\x00\x0a\x04\x0a\x02v1\x12\x7f", b"nonsense"]
)
def test_odd_protobuf(api: Api, any_ns: str, body: bytes) -> None:
    made = api.call(
        "POST", f"/api/v1/namespaces/{any_ns}/configmaps", body, "application/vnd.kubernetes.protobuf"
    )
    assert made.failure[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces//pods",
        "/api/v1/namespaces/x/pods/a/b/c/d",
        "/apis///",
        "/api/v1/namespaces/%00/pods",
    ],
)
def test_odd_paths(api: Api, path: str) -> None:
    assert api.get(path).code in (200, 400, 404)
