"""Create, read, update and delete of objects, and what is said when it fails."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from tests.contract.conftest import Api


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def workflow(name: str = "w", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"entrypoint": "main", **spec},
    }


def settled(check: Any, seconds: float = 5.0) -> Any:
    """What `check` returns once it is true, or at the end of the time."""
    end = time.monotonic() + seconds
    while not (found := check()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


# ---- create


def test_create_answers_with_the_object_and_what_the_server_adds(api: Api, maps: str, ns: str) -> None:
    made = api.post(maps, config_map(k="v"))
    assert made.code == 201
    data = made.body["metadata"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", data["uid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", data["creationTimestamp"])
    assert int(data["resourceVersion"]) > 0
    assert {key: made.body[key] for key in ("apiVersion", "kind", "data")} == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"k": "v"},
    }
    assert (data["name"], data["namespace"]) == ("a", ns)
    assert api.get(f"{maps}/a").body == made.body


def test_create_twice_is_already_exists_not_conflict(api: Api, maps: str) -> None:
    api.post(maps, config_map())
    again = api.post(maps, config_map())
    assert again.failure == (409, "AlreadyExists", 'configmaps "a" already exists')
    assert again.body["details"] == {"name": "a", "kind": "configmaps"}


def test_generate_name_adds_five_characters_without_vowels(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"generateName": "run-"}})
    assert re.fullmatch(r"run-[bcdfghjklmnpqrstvwxz2456789]{5}", made.body["metadata"]["name"])
    assert made.body["metadata"]["generateName"] == "run-"


def test_a_long_generate_name_is_cut(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"generateName": "a" * 80}})
    assert len(made.body["metadata"]["name"]) == 63


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "dot.", "a" * 254])
def test_a_bad_name_is_invalid(api: Api, maps: str, name: str) -> None:
    made = api.post(maps, config_map(name))
    assert (made.code, made.body["reason"]) == (422, "Invalid")
    assert made.body["details"]["causes"][0]["field"] == "metadata.name"
    assert made.body["details"]["kind"] == "ConfigMap"


def test_a_name_is_required(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {}})
    assert made.failure[:2] == (422, "Invalid")
    assert "metadata.name: Required value: name or generateName is required" in made.body["message"]


def test_a_resource_version_may_not_be_set_on_create(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a", "resourceVersion": "1"}})
    assert made.failure == (400, "BadRequest", "resourceVersion should not be set on objects to be created")


def test_the_namespace_must_match(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a", "namespace": "other"}})
    assert made.failure == (
        400,
        "BadRequest",
        "the namespace of the provided object does not match the namespace sent on the request",
    )


def test_the_namespace_must_exist(api: Api) -> None:
    made = api.post("/api/v1/namespaces/nowhere/configmaps", config_map())
    assert made.failure == (404, "NotFound", 'namespaces "nowhere" not found')


def test_the_kind_must_match(api: Api, maps: str) -> None:
    made = api.post(maps, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}})
    assert made.failure[:2] == (400, "BadRequest")


def test_a_body_that_is_no_json_is_a_bad_request(api: Api, maps: str) -> None:
    assert api.post(maps, "{").failure[:2] == (400, "BadRequest")
    assert api.post(maps, "[]").failure[:2] == (400, "BadRequest")


def test_yaml_bodies_are_read(api: Api, maps: str) -> None:
    made = api.call("POST", maps, "metadata: {name: yam}\ndata: {k: v}\n", "application/yaml")
    assert (made.code, made.body["data"]) == (201, {"k": "v"})
    # A plain y is a boolean, and so no name.
    refused = api.call("POST", maps, "metadata: {name: y}\ndata: {k: v}\n", "application/yaml")
    assert refused.failure[:2] == (400, "BadRequest")


def test_a_custom_resource_must_say_what_it_is(api: Api, workflows: str) -> None:
    without_kind = api.call("POST", workflows, {"metadata": {"name": "w"}, "spec": {}})
    assert without_kind.failure == (
        400,
        "BadRequest",
        (
            "the object provided is unrecognized (must be of type Workflow): Object 'Kind' is missing in"
            """ '{"metadata": {"name": "w"}, "spec": {}}' ({"metadata": {"name": "w"}, "s ...)"""
        ),
    )
    without_version = api.call("POST", workflows, {"kind": "Workflow", "metadata": {"name": "w"}, "spec": {}})
    assert without_version.failure == (
        400,
        "BadRequest",
        "the API version in the data () does not match the expected API version (argoproj.io/v1alpha1)",
    )


def test_an_unknown_media_type_is_415(api: Api, maps: str) -> None:
    assert api.call("POST", maps, "x", "application/cbor").failure[:2] == (415, "UnsupportedMediaType")


def test_clients_do_not_choose_uid_and_creation_time(api: Api, maps: str) -> None:
    wanted = {
        "name": "a",
        "uid": "mine",
        "creationTimestamp": "2001-01-01T00:00:00Z",
        "deletionTimestamp": "2001-01-01T00:00:00Z",
    }
    made = api.post(maps, {"metadata": wanted}).body["metadata"]
    assert made["uid"] != "mine"
    assert not made["creationTimestamp"].startswith("2001")
    assert "deletionTimestamp" not in made


def test_dry_run_stores_nothing(api: Api, maps: str) -> None:
    made = api.post(maps, config_map(), dryRun="All")
    assert (made.code, made.body["metadata"].get("resourceVersion")) == (201, None)
    assert api.get(f"{maps}/a").code == 404


def test_dry_run_knows_one_value(api: Api, maps: str) -> None:
    assert api.post(maps, config_map(), dryRun="Some").failure[:2] == (422, "Invalid")


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ({"bad key!": "v"}, "name part must consist"),
        ({"k": "bad value!"}, "a valid label must be"),
        ({"k": "x" * 64}, "63"),
    ],
)
def test_bad_labels_are_invalid(api: Api, maps: str, labels: dict[str, str], word: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a", "labels": labels}})
    assert made.failure[:2] == (422, "Invalid")
    assert made.body["details"]["causes"][0]["field"] == "metadata.labels"
    assert word in made.body["message"]


def test_labels_are_strings(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a", "labels": {"k": 1}}})
    assert made.failure[:2] == (400, "BadRequest")
    assert "cannot unmarshal number" in made.body["message"]


def test_annotations_are_at_most_256_kibibytes(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a", "annotations": {"k": "x" * 262144}}})
    assert made.failure[:2] == (422, "Invalid")
    assert "metadata.annotations: Too long: may not be more than 262144 bytes" in made.body["message"]


# ---- read


def test_not_found_names_resource_and_object(api: Api, maps: str) -> None:
    found = api.get(f"{maps}/nope")
    assert found.failure == (404, "NotFound", 'configmaps "nope" not found')
    assert found.body["details"] == {"name": "nope", "kind": "configmaps"}
    assert (found.body["kind"], found.body["status"], found.body["code"]) == ("Status", "Failure", 404)


def test_not_found_of_a_custom_resource_names_its_group(api: Api, workflows: str) -> None:
    found = api.get(f"{workflows}/nope")
    assert found.failure == (404, "NotFound", 'workflows.argoproj.io "nope" not found')
    assert found.body["details"] == {"name": "nope", "group": "argoproj.io", "kind": "workflows"}


def test_an_unknown_resource_is_not_found(api: Api, ns: str) -> None:
    for path in (f"/api/v1/namespaces/{ns}/nothings", "/apis/nowhere.io/v1/things", "/nowhere"):
        assert api.get(path).code == 404


def test_a_method_that_does_not_fit_is_405(api: Api, maps: str) -> None:
    assert api.put(maps, config_map()).code == 405
    api.post(maps, config_map())
    assert api.post(f"{maps}/a", config_map()).code == 405


# ---- update


def test_update_replaces_and_moves_the_resource_version(api: Api, maps: str) -> None:
    made = api.post(maps, config_map(k="v")).body
    made["data"] = {"x": "y"}
    changed = api.put(f"{maps}/a", made)
    assert (changed.code, changed.body["data"]) == (200, {"x": "y"})
    assert int(changed.body["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_update_from_an_old_state_is_a_conflict(api: Api, maps: str) -> None:
    made = api.post(maps, config_map(k="v")).body
    api.merge(f"{maps}/a", {"data": {"k": "w"}})
    made["data"] = {"x": "y"}
    changed = api.put(f"{maps}/a", made)
    assert changed.failure == (
        409,
        "Conflict",
        (
            'Operation cannot be fulfilled on configmaps "a": the object has been modified;'
            " please apply your changes to the latest version and try again"
        ),
    )


def test_update_without_a_resource_version_is_unconditional(api: Api, maps: str) -> None:
    api.post(maps, config_map(k="v"))
    api.merge(f"{maps}/a", {"data": {"k": "w"}})
    assert api.put(f"{maps}/a", config_map(x="y")).body["data"] == {"x": "y"}


def test_update_with_another_uid_is_a_conflict(api: Api, maps: str) -> None:
    made = api.post(maps, config_map()).body
    made["metadata"]["uid"] = "11111111-1111-1111-1111-111111111111"
    changed = api.put(f"{maps}/a", made)
    assert changed.failure[:2] == (409, "Conflict")
    assert "Precondition failed: UID in precondition" in changed.body["message"]


def test_an_update_that_changes_nothing_keeps_the_resource_version(api: Api, maps: str) -> None:
    made = api.post(maps, config_map(k="v")).body
    assert api.put(f"{maps}/a", made).body == made
    assert api.merge(f"{maps}/a", {"data": {"k": "v"}}).body == made


def test_update_of_nothing_is_not_found(api: Api, maps: str) -> None:
    assert api.put(f"{maps}/a", config_map()).code == 404


def test_the_name_in_the_body_must_match_the_url(api: Api, maps: str) -> None:
    api.post(maps, config_map())
    assert api.put(f"{maps}/a", config_map("b")).failure[:2] == (400, "BadRequest")


def test_creation_time_and_uid_survive_an_update(api: Api, maps: str) -> None:
    made = api.post(maps, config_map()).body
    changed = api.put(f"{maps}/a", config_map(k="v")).body
    for field in ("uid", "creationTimestamp"):
        assert changed["metadata"][field] == made["metadata"][field]


def test_immutable_config_maps_do_not_change(api: Api, maps: str) -> None:
    api.post(maps, {**config_map(k="v"), "immutable": True})
    changed = api.merge(f"{maps}/a", {"data": {"k": "w"}})
    assert changed.failure[:2] == (422, "Invalid")
    assert changed.body["details"]["causes"][0]["field"] == "data"


# ---- generation and status


def test_generation_of_a_workflow_counts_every_change_of_content(api: Api, workflows: str) -> None:
    made = api.post(workflows, workflow()).body
    assert made["metadata"]["generation"] == 1
    changed = api.merge(f"{workflows}/w", {"spec": {"entrypoint": "other"}}).body
    assert changed["metadata"]["generation"] == 2
    # Workflow has no status subresource: its status is content like any other.
    changed = api.merge(f"{workflows}/w", {"status": {"phase": "Running"}}).body
    assert (changed["metadata"]["generation"], changed["status"]) == (3, {"phase": "Running"})
    changed = api.merge(f"{workflows}/w", {"metadata": {"labels": {"a": "b"}}}).body
    assert changed["metadata"]["generation"] == 3


def test_a_status_subresource_keeps_spec_and_status_apart(api: Api, ns: str) -> None:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{ns}/workflowtasksets"
    body = {"metadata": {"name": "t"}, "spec": {"tasks": {}}, "status": {"nodes": {"x": {}}}}
    made = api.post(path, body).body
    assert "status" not in made
    assert api.merge(f"{path}/t", {"status": {"nodes": {"a": {}}}}).body.get("status") is None
    changed = api.merge(
        f"{path}/t/status", {"status": {"nodes": {"a": {"phase": "Succeeded"}}}, "spec": {"tasks": {"z": {}}}}
    ).body
    assert (changed["status"], changed["spec"]) == ({"nodes": {"a": {"phase": "Succeeded"}}}, {"tasks": {}})
    assert changed["metadata"]["generation"] == 1


def test_a_workflow_has_no_status_subresource(api: Api, workflows: str) -> None:
    api.post(workflows, workflow())
    assert api.merge(f"{workflows}/w/status", {"status": {}}).code == 404


# ---- delete


def test_delete_answers_with_a_status_that_names_the_object(api: Api, maps: str) -> None:
    made = api.post(maps, config_map()).body
    gone = api.delete(f"{maps}/a")
    assert (gone.code, gone.body["status"]) == (200, "Success")
    assert gone.body["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert api.get(f"{maps}/a").code == 404
    assert api.delete(f"{maps}/a").failure == (404, "NotFound", 'configmaps "a" not found')


def test_delete_of_another_uid_is_a_conflict(api: Api, maps: str) -> None:
    made = api.post(maps, config_map()).body["metadata"]["uid"]
    gone = api.delete(f"{maps}/a", {"preconditions": {"uid": "x"}})
    assert gone.failure[:2] == (409, "Conflict")
    assert api.delete(f"{maps}/a", {"preconditions": {"uid": made}}).code == 200


def test_delete_of_another_resource_version_is_a_conflict(api: Api, maps: str) -> None:
    api.post(maps, config_map())
    assert api.delete(f"{maps}/a", {"preconditions": {"resourceVersion": "1"}}).failure[:2] == (
        409,
        "Conflict",
    )


def test_delete_dry_run_keeps_the_object(api: Api, maps: str) -> None:
    api.post(maps, config_map())
    assert api.delete(f"{maps}/a", {"dryRun": ["All"]}).code == 200
    assert api.delete(f"{maps}/a", dryRun="All").code == 200
    assert api.get(f"{maps}/a").code == 200


def test_an_unknown_propagation_policy_is_invalid(api: Api, maps: str) -> None:
    api.post(maps, config_map())
    assert api.delete(f"{maps}/a", {"propagationPolicy": "Sideways"}).failure[:2] == (422, "Invalid")


def test_a_finalizer_keeps_the_object_until_it_is_removed(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": ["x.io/keep"]}})
    marked = api.delete(f"{maps}/a")
    assert marked.code == 200
    assert marked.body["metadata"]["deletionTimestamp"]
    assert marked.body["metadata"]["deletionGracePeriodSeconds"] == 0
    assert api.get(f"{maps}/a").code == 200
    added = api.merge(f"{maps}/a", {"metadata": {"finalizers": ["x.io/keep", "y.io/more"]}})
    assert added.failure[:2] == (422, "Invalid")
    assert api.merge(f"{maps}/a", {"metadata": {"finalizers": None}}).code == 200
    assert api.get(f"{maps}/a").code == 404


def test_the_deletion_time_cannot_be_taken_back(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "a", "finalizers": ["x.io/keep"]}})
    api.delete(f"{maps}/a")
    again = api.merge(f"{maps}/a", {"metadata": {"deletionTimestamp": None}, "data": {"k": "v"}}).body
    assert again["metadata"]["deletionTimestamp"]
    api.merge(f"{maps}/a", {"metadata": {"finalizers": None}})


def test_delete_collection_by_label(api: Api, maps: str) -> None:
    for name, tier in (("a", "x"), ("b", "x"), ("c", "y")):
        api.post(maps, {"metadata": {"name": name, "labels": {"tier": tier}}})
    assert api.delete(maps, labelSelector="tier=x").code == 200
    names = [item["metadata"]["name"] for item in api.get(maps, labelSelector="tier").body["items"]]
    assert names == ["c"]


# ---- garbage collection


def owned(name: str, owner: dict[str, Any], **extra: Any) -> dict[str, Any]:
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        **extra,
    }
    return {"metadata": {"name": name, "ownerReferences": [reference]}}


def test_background_deletion_collects_dependents(api: Api, maps: str, workflows: str) -> None:
    owner = api.post(workflows, workflow()).body
    middle = api.post(maps, owned("middle", owner)).body
    api.post(maps, owned("leaf", {"apiVersion": "v1", "kind": "ConfigMap", **middle}))
    assert api.delete(f"{workflows}/w").body["status"] == "Success"
    assert settled(lambda: api.get(f"{maps}/middle").code == 404)
    assert settled(lambda: api.get(f"{maps}/leaf").code == 404)


def test_an_object_with_an_owner_left_stays(api: Api, maps: str, workflows: str) -> None:
    first, second = api.post(workflows, workflow("a")).body, api.post(workflows, workflow("b")).body
    body = owned("both", first)
    body["metadata"]["ownerReferences"] += owned("x", second)["metadata"]["ownerReferences"]
    api.post(maps, body)
    api.delete(f"{workflows}/a")
    time.sleep(0.3)
    assert api.get(f"{maps}/both").code == 200
    api.delete(f"{workflows}/b")
    assert settled(lambda: api.get(f"{maps}/both").code == 404)


def test_orphans_lose_their_owner_and_stay(api: Api, maps: str, workflows: str) -> None:
    owner = api.post(workflows, workflow()).body
    api.post(maps, owned("kept", owner))
    api.delete(f"{workflows}/w", {"propagationPolicy": "Orphan"})
    assert settled(lambda: api.get(f"{workflows}/w").code == 404)
    assert "ownerReferences" not in api.get(f"{maps}/kept").body["metadata"]


def test_foreground_deletion_waits_for_blocking_dependents(api: Api, maps: str, workflows: str) -> None:
    owner = api.post(workflows, workflow()).body
    body = owned("held", owner, blockOwnerDeletion=True)
    body["metadata"]["finalizers"] = ["x.io/keep"]
    api.post(maps, body)
    marked = api.delete(f"{workflows}/w", {"propagationPolicy": "Foreground"}).body
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert settled(lambda: "deletionTimestamp" in api.get(f"{maps}/held").body["metadata"])
    assert api.get(f"{workflows}/w").code == 200
    api.merge(f"{maps}/held", {"metadata": {"finalizers": None}})
    assert settled(lambda: api.get(f"{workflows}/w").code == 404)


def test_an_object_whose_owner_never_was_is_collected(api: Api, maps: str) -> None:
    ghost = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ghost", "uid": "0" * 8}}
    assert api.post(maps, owned("lost", ghost)).code == 201
    assert settled(lambda: api.get(f"{maps}/lost").code == 404)


# ---- namespaces


def test_a_deleted_namespace_takes_its_content_along(api: Api, ns: str, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "held", "finalizers": ["x.io/keep"]}})
    marked = api.delete(f"/api/v1/namespaces/{ns}")
    assert (marked.code, marked.body["status"]["phase"]) == (200, "Terminating")
    refused = api.post(maps, config_map("late"))
    assert refused.failure[:2] == (403, "Forbidden")
    assert "because it is being terminated" in refused.body["message"]
    assert refused.body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    assert settled(lambda: "deletionTimestamp" in api.get(f"{maps}/held").body["metadata"])
    api.merge(f"{maps}/held", {"metadata": {"finalizers": None}})
    assert settled(lambda: api.get(f"/api/v1/namespaces/{ns}").code == 404)


def test_a_namespace_starts_with_a_service_account_and_its_label(api: Api, ns: str) -> None:
    found = api.get(f"/api/v1/namespaces/{ns}").body
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == ns
    assert (found["spec"], found["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    assert settled(lambda: api.get(f"/api/v1/namespaces/{ns}/serviceaccounts/default").code == 200)


# ---- unknown fields


def test_unknown_fields_are_dropped_and_warned_of(api: Api, maps: str) -> None:
    made = api.post(maps, {**config_map(), "dta": {}}, fieldValidation="Warn")
    assert (made.code, "dta" in made.body) == (201, False)
    assert made.headers["warning"] == '299 - "unknown field \\"dta\\""'


def test_unknown_fields_are_refused_when_strict(api: Api, maps: str) -> None:
    made = api.post(maps, {**config_map(), "dta": {}}, fieldValidation="Strict")
    assert made.failure[:2] == (400, "BadRequest")
    assert 'strict decoding error: unknown field "dta"' in made.body["message"]


def test_unknown_fields_are_dropped_in_silence_when_ignored(api: Api, maps: str) -> None:
    made = api.post(maps, {**config_map(), "dta": {}}, fieldValidation="Ignore")
    assert (made.code, "dta" in made.body, made.headers.get("warning")) == (201, False, None)


def test_a_wrong_type_is_a_bad_request(api: Api, maps: str) -> None:
    made = api.post(maps, {"metadata": {"name": "a"}, "data": {"k": 1}})
    assert made.failure[:2] == (400, "BadRequest")
    assert "json: cannot unmarshal number into Go struct field ConfigMap.data" in made.body["message"]
