"""Merge patch, JSON patch, strategic merge patch, server-side apply."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.conftest import Api


@pytest.fixture
def a(api: Api, maps: str) -> str:
    """The path of a ConfigMap with `k: v` and `x: y`."""
    api.post(maps, {"metadata": {"name": "a", "labels": {"l": "1"}}, "data": {"k": "v", "x": "y"}})
    return f"{maps}/a"


def pod(name: str = "p") -> dict[str, Any]:
    containers = [
        {"name": "one", "image": "i:1", "env": [{"name": "A", "value": "1"}]},
        {"name": "two", "image": "i:1"},
    ]
    return {"metadata": {"name": name}, "spec": {"containers": containers}}


# ---- merge patch


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"data": {"k": "w"}}, {"k": "w", "x": "y"}),
        ({"data": {"k": None}}, {"x": "y"}),
        ({"data": {"new": "1"}}, {"k": "v", "x": "y", "new": "1"}),
        ({"data": None}, None),
        ({}, {"k": "v", "x": "y"}),
    ],
)
def test_merge_patch(api: Api, a: str, patch: dict[str, Any], expected: Any) -> None:
    changed = api.merge(a, patch)
    assert (changed.code, changed.body.get("data")) == (200, expected)


def test_merge_patch_replaces_lists(api: Api, ns: str) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflows"
    api.post(path, {"metadata": {"name": "w"}, "spec": {"templates": [{"name": "a"}, {"name": "b"}]}})
    assert api.merge(f"{path}/w", {"spec": {"templates": [{"name": "c"}]}}).body["spec"]["templates"] == [
        {"name": "c"}
    ]


def test_a_patch_with_an_old_resource_version_is_a_conflict(api: Api, a: str) -> None:
    changed = api.merge(a, {"metadata": {"resourceVersion": "1"}, "data": {"k": "w"}})
    assert changed.failure[:2] == (409, "Conflict")


def test_a_patch_of_nothing_is_not_found(api: Api, maps: str) -> None:
    assert api.merge(f"{maps}/nope", {"data": {}}).code == 404


def test_a_merge_patch_is_an_object(api: Api, a: str) -> None:
    assert api.merge(a, [1]).failure[:2] == (400, "BadRequest")


def test_an_unknown_patch_type_is_415(api: Api, a: str) -> None:
    assert api.call("PATCH", a, {}, "application/json").failure[:2] == (415, "UnsupportedMediaType")


def test_a_dry_run_of_a_patch_shows_and_does_not_store(api: Api, a: str) -> None:
    shown = api.merge(a, {"data": {"k": "w"}}, dryRun="All")
    assert (shown.code, shown.body["data"]["k"]) == (200, "w")
    assert api.get(a).body["data"]["k"] == "v"


# ---- JSON patch


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/data/n", "value": "1"}], {"k": "v", "x": "y", "n": "1"}),
        ([{"op": "replace", "path": "/data/k", "value": "w"}], {"k": "w", "x": "y"}),
        ([{"op": "remove", "path": "/data/k"}], {"x": "y"}),
        ([{"op": "move", "from": "/data/k", "path": "/data/m"}], {"x": "y", "m": "v"}),
        ([{"op": "copy", "from": "/data/k", "path": "/data/m"}], {"k": "v", "x": "y", "m": "v"}),
        ([{"op": "test", "path": "/data/k", "value": "v"}, {"op": "remove", "path": "/data/x"}], {"k": "v"}),
    ],
)
def test_json_patch(api: Api, a: str, operations: list[Any], expected: dict[str, str]) -> None:
    changed = api.json_patch(a, operations)
    assert (changed.code, changed.body["data"]) == (200, expected)


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": "/data/k", "value": "other"}],
        [{"op": "remove", "path": "/data/nope"}],
        [{"op": "replace", "path": "/nope/deeper", "value": 1}],
    ],
)
def test_a_json_patch_that_does_not_fit_is_invalid(api: Api, a: str, operations: list[Any]) -> None:
    assert api.json_patch(a, operations).code == 422
    assert api.get(a).body["data"] == {"k": "v", "x": "y"}


def test_a_json_patch_is_a_list_of_operations(api: Api, a: str) -> None:
    assert api.json_patch(a, {"op": "add"}).failure[:2] == (400, "BadRequest")
    assert api.json_patch(a, [{"op": "explode", "path": "/data"}]).code in (400, 422)


# ---- strategic merge patch


def test_strategic_merge_merges_lists_by_key(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods"
    assert api.post(path, pod()).code == 201
    changed = api.strategic(f"{path}/p", {"spec": {"containers": [{"name": "two", "image": "i:2"}]}})
    assert changed.code == 200
    assert [(item["name"], item["image"]) for item in changed.body["spec"]["containers"]] == [
        ("one", "i:1"),
        ("two", "i:2"),
    ]


def test_strategic_merge_of_a_custom_resource_is_415(api: Api, workflows: str) -> None:
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    assert api.strategic(f"{workflows}/w", {"spec": {}}).failure[:2] == (415, "UnsupportedMediaType")


def test_strategic_directives(api: Api, a: str) -> None:
    assert api.strategic(a, {"data": {"$patch": "replace", "only": "1"}}).body["data"] == {"only": "1"}
    assert (
        "data" not in api.strategic(a, {"data": {"$patch": "delete"}}).body or api.get(a).body["data"] == {}
    )


def test_strategic_merge_adds_finalizers_as_a_set(api: Api, a: str) -> None:
    api.strategic(a, {"metadata": {"finalizers": ["x.io/a"]}})
    changed = api.strategic(a, {"metadata": {"finalizers": ["x.io/b"]}}).body
    assert sorted(changed["metadata"]["finalizers"]) == ["x.io/a", "x.io/b"]
    changed = api.strategic(
        a, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x.io/a", "x.io/b"]}}
    ).body
    assert not changed["metadata"].get("finalizers")


# ---- server-side apply


def applied(name: str = "s", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def owners(body: dict[str, Any]) -> dict[tuple[str, str], Any]:
    return {
        (entry["manager"], entry["operation"]): entry["fieldsV1"]
        for entry in body["metadata"].get("managedFields", [])
    }


def test_apply_creates_and_owns(api: Api, maps: str) -> None:
    made = api.apply(f"{maps}/s", applied(k="v"))
    assert (made.code, made.body["data"]) == (201, {"k": "v"})
    assert owners(made.body) == {("tester", "Apply"): {"f:data": {"f:k": {}}}}


def test_apply_needs_a_field_manager(api: Api, maps: str) -> None:
    made = api.call("PATCH", f"{maps}/s", applied(), "application/apply-patch+yaml")
    assert made.failure[:2] == (422, "Invalid")


def test_apply_of_the_same_changes_nothing(api: Api, maps: str) -> None:
    made = api.apply(f"{maps}/s", applied(k="v")).body
    again = api.apply(f"{maps}/s", applied(k="v"))
    assert (again.code, again.body) == (200, made)


def test_apply_removes_what_it_no_longer_names(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v", x="y"))
    assert api.apply(f"{maps}/s", applied(k="v")).body["data"] == {"k": "v"}


def test_apply_keeps_what_others_made(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"))
    api.merge(f"{maps}/s", {"data": {"other": "1"}}, fieldManager="else")
    changed = api.apply(f"{maps}/s", applied(k="w")).body
    assert changed["data"] == {"k": "w", "other": "1"}
    assert owners(changed) == {
        ("tester", "Apply"): {"f:data": {"f:k": {}}},
        ("else", "Update"): {"f:data": {"f:other": {}}},
    }


def test_apply_of_a_field_of_another_is_a_conflict(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"), "first")
    refused = api.apply(f"{maps}/s", applied(k="w"), "second")
    assert refused.failure == (
        409,
        "Conflict",
        'Apply failed with 1 conflict: conflict with "first": .data.k',
    )
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "first"', "field": ".data.k"}
    ]
    assert api.get(f"{maps}/s").body["data"] == {"k": "v"}


def test_force_takes_the_field(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"), "first")
    changed = api.apply(f"{maps}/s", applied(k="w"), "second", force="true").body
    assert changed["data"] == {"k": "w"}
    assert owners(changed) == {("second", "Apply"): {"f:data": {"f:k": {}}}}


def test_two_appliers_of_one_value_both_own_it(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"), "first")
    changed = api.apply(f"{maps}/s", applied(k="v"), "second").body
    assert set(owners(changed)) == {("first", "Apply"), ("second", "Apply")}
    # One lets go: the other still owns it, so it stays.
    assert api.apply(f"{maps}/s", applied(), "first").body["data"] == {"k": "v"}
    assert "data" not in api.apply(f"{maps}/s", applied(), "second").body


def test_an_update_takes_ownership_without_asking(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"), "first")
    changed = api.merge(f"{maps}/s", {"data": {"k": "w"}}, fieldManager="editor").body
    assert owners(changed) == {("editor", "Update"): {"f:data": {"f:k": {}}}}
    refused = api.apply(f"{maps}/s", applied(k="v"), "first")
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "editor" using v1: .data.k'


def test_an_unknown_field_in_an_apply_is_an_error(api: Api, maps: str) -> None:
    refused = api.apply(f"{maps}/s", {**applied(), "dta": {}})
    assert refused.code >= 400
    assert "field not declared in schema" in refused.body["message"]


def test_apply_must_not_carry_managed_fields(api: Api, maps: str) -> None:
    body = applied(k="v")
    body["metadata"]["managedFields"] = []
    assert api.apply(f"{maps}/s", body).failure == (400, "BadRequest", "metadata.managedFields must be nil")


def test_apply_with_an_old_resource_version_is_a_conflict(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"))
    body = applied(k="w")
    body["metadata"]["resourceVersion"] = "1"
    assert api.apply(f"{maps}/s", body).failure[:2] == (409, "Conflict")


def test_apply_dry_run(api: Api, maps: str) -> None:
    assert api.apply(f"{maps}/s", applied(k="v"), dryRun="All").code == 201
    assert api.get(f"{maps}/s").code == 404


def test_managed_fields_can_be_reset(api: Api, maps: str) -> None:
    api.apply(f"{maps}/s", applied(k="v"))
    changed = api.merge(f"{maps}/s", {"metadata": {"managedFields": [{}]}}).body
    assert ("tester", "Apply") not in owners(changed)


def test_create_tracks_an_update(api: Api, maps: str) -> None:
    made = api.post(maps, applied(k="v"), fieldManager="creator").body
    assert list(owners(made)) == [("creator", "Update")]


def test_apply_merges_containers_by_name(api: Api, ns: str) -> None:
    path = f"/api/v1/namespaces/{ns}/pods/p"
    first = {"apiVersion": "v1", "kind": "Pod", **pod()}
    assert api.apply(path, first, "first").code == 201
    second = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "two", "image": "i:2"}]},
    }
    refused = api.apply(path, second, "second")
    assert refused.body["details"]["causes"][0]["field"] == '.spec.containers[name="two"].image'
    changed = api.apply(path, second, "second", force="true").body
    assert [(item["name"], item["image"]) for item in changed["spec"]["containers"]] == [
        ("one", "i:1"),
        ("two", "i:2"),
    ]


def test_apply_on_a_workflow_owns_its_spec_as_one_value(api: Api, workflows: str) -> None:
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {"entrypoint": "a"},
    }
    api.apply(f"{workflows}/w", body, "first")
    body["spec"] = {"entrypoint": "b"}
    refused = api.apply(f"{workflows}/w", body, "second")
    assert refused.failure[:2] == (409, "Conflict")
    assert refused.body["details"]["causes"][0]["field"].startswith(".spec")


# ---- who owns what after a create


def test_a_create_owns_fields_but_not_the_structs_around_them(api: Api, ns: str) -> None:
    made = api.post(
        f"/api/v1/namespaces/{ns}/configmaps",
        {"metadata": {"name": "m", "labels": {"a": "b"}}, "data": {"k": "v"}},
    )
    assert made.body["metadata"]["managedFields"][0]["fieldsV1"] == {
        "f:data": {".": {}, "f:k": {}},
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
    }
    api.post(f"/api/v1/namespaces/{ns}/serviceaccounts", {"metadata": {"name": "default"}})
    spec = {"nodeName": "nowhere", "containers": [{"name": "main", "image": "busybox:1"}]}
    pod = api.post(f"/api/v1/namespaces/{ns}/pods", {"metadata": {"name": "p"}, "spec": spec})
    fields = pod.body["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
    assert "." not in fields
    assert set(fields["f:containers"]) == {'k:{"name":"main"}'}
    assert {"f:image": {}, "f:name": {}, ".": {}}.items() <= fields["f:containers"][
        'k:{"name":"main"}'
    ].items()


def test_kubectl_takes_over_what_its_own_client_side_apply_had_set(api: Api, maps: str) -> None:
    def set_by_apply(name: str) -> dict[str, str]:
        """The annotation of a client-side apply that has set k and moved."""
        data = {"k": "a", "moved": "a"}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        return {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(config)}

    def config(**data: str) -> str:
        return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data})

    data = {"k": "a", "moved": "a", "other": "x"}
    first = {"metadata": {"name": "m", "annotations": set_by_apply("m")}, "data": data}
    api.post(maps, first, fieldManager="anything")
    api.merge(f"{maps}/m", {"data": {"moved": "b"}}, fieldManager="kubectl-edit")
    assert api.apply(f"{maps}/m", config(k="c"), manager="someone").code == 409
    taken = api.apply(f"{maps}/m", config(k="c"), manager="kubectl")
    assert (taken.code, taken.body["data"]["k"]) == (200, "c")
    # What was changed since, or is not in the annotation, stays its owner's.
    assert api.apply(f"{maps}/m", config(k="c", moved="c"), manager="kubectl").code == 409
    assert api.apply(f"{maps}/m", config(k="c", other="c"), manager="kubectl").code == 409
