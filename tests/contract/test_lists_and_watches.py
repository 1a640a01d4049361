"""Lists: selectors and pages. Watches: events, bookmarks, transitions, the past."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from tests.contract.conftest import Api


def fill(api: Api, maps: str) -> None:
    for name, labels in (
        ("a", {"env": "dev", "n": "1"}),
        ("b", {"env": "prod", "n": "2"}),
        ("c", {"env": "prod"}),
        ("d", {}),
    ):
        assert api.post(maps, {"metadata": {"name": name, "labels": {**labels, "mine": "yes"}}}).code == 201


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer.body["items"]]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("env=prod", ["b", "c"]),
        ("env==prod", ["b", "c"]),
        ("env!=prod", ["a", "d"]),
        ("env", ["a", "b", "c"]),
        ("!env", ["d"]),
        ("env in (dev,prod)", ["a", "b", "c"]),
        ("env in (dev)", ["a"]),
        ("env notin (dev)", ["b", "c", "d"]),
        ("env=prod,n=2", ["b"]),
        ("env=prod,!n", ["c"]),
        ("n>1", ["b"]),
        ("n<2", ["a"]),
    ],
)
def test_label_selectors(api: Api, maps: str, selector: str, expected: list[str]) -> None:
    fill(api, maps)
    assert names(api.get(maps, labelSelector=f"{selector},mine=yes")) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("metadata.name=b", ["b"]), ("metadata.name!=b", ["a", "c", "d"]), ("metadata.name==c", ["c"])],
)
def test_field_selectors(api: Api, maps: str, selector: str, expected: list[str]) -> None:
    fill(api, maps)
    assert names(api.get(maps, fieldSelector=selector, labelSelector="mine=yes")) == expected


def test_an_unknown_field_selector_is_a_bad_request(api: Api, maps: str) -> None:
    found = api.get(maps, fieldSelector="data.k=v")
    assert found.failure[:2] == (400, "BadRequest")
    assert found.body["message"] == (
        '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"'
    )
    for path, message in (
        ("/api/v1/pods", "field label not supported: data.k"),
        ("/apis/argoproj.io/v1alpha1/workflows", "field label not supported: data.k"),
        ("/apis/batch/v1/jobs", 'field label "data.k" not supported for Job'),
    ):
        assert api.get(path, fieldSelector="data.k=v").failure == (400, "BadRequest", message)


def test_a_selector_that_cannot_be_read_is_a_bad_request(api: Api, maps: str) -> None:
    assert api.get(maps, labelSelector="a in b").failure[:2] == (400, "BadRequest")
    assert api.get(maps, fieldSelector="nonsense").failure[:2] == (400, "BadRequest")


def test_a_list_has_kind_and_resource_version(api: Api, maps: str) -> None:
    found = api.get(maps).body
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert int(found["metadata"]["resourceVersion"]) > 0


def test_an_empty_list_has_items(api: Api, workflows: str) -> None:
    found = api.get(workflows).body
    assert (found["kind"], found["items"]) == ("WorkflowList", [])


def test_pages_cover_everything_once(api: Api, maps: str) -> None:
    fill(api, maps)
    first = api.get(maps, limit=2, labelSelector="mine")
    assert "remainingItemCount" not in first.body["metadata"]  # with a selector the rest is not counted
    token = first.body["metadata"]["continue"]
    second = api.get(maps, limit=2, labelSelector="mine", **{"continue": token})
    assert names(first) + names(second) == ["a", "b", "c", "d"]
    assert "continue" not in second.body["metadata"]
    assert second.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]


def test_later_pages_are_of_the_state_of_the_first(api: Api, maps: str) -> None:
    fill(api, maps)
    first = api.get(maps, limit=1, labelSelector="mine")
    token = first.body["metadata"]["continue"]
    assert api.merge(f"{maps}/b", {"data": {"new": "1"}}).code == 200
    assert api.delete(f"{maps}/c").code == 200
    assert api.post(maps, {"metadata": {"name": "bb", "labels": {"mine": "yes"}}}).code == 201
    rest = api.get(maps, limit=10, labelSelector="mine", **{"continue": token})
    assert names(rest) == ["b", "c", "d"]
    assert "data" not in rest.body["items"][0] or "new" not in rest.body["items"][0]["data"]
    assert rest.body["metadata"]["resourceVersion"] == first.body["metadata"]["resourceVersion"]
    assert names(api.get(maps, labelSelector="mine")) == ["a", "b", "bb", "d"]


def test_the_rest_is_counted_without_a_selector(api: Api, workflows: str) -> None:
    for name in "abc":
        api.post(workflows, {"metadata": {"name": name}, "spec": {}})
    assert api.get(workflows, limit=1).body["metadata"]["remainingItemCount"] == 2


def test_a_bad_continue_token_is_a_bad_request(api: Api, maps: str) -> None:
    assert api.get(maps, limit=1, **{"continue": "!!"}).failure[:2] == (400, "BadRequest")


def test_lists_across_namespaces(api: Api, ns: str, workflows: str) -> None:
    api.post(workflows, {"metadata": {"name": "here", "labels": {"only": ns}}, "spec": {}})
    found = api.get("/apis/argoproj.io/v1alpha1/workflows", labelSelector=f"only={ns}")
    assert [item["metadata"]["namespace"] for item in found.body["items"]] == [ns]


def test_a_future_resource_version_is_a_timeout(api: Api, maps: str) -> None:
    found = api.get(maps, resourceVersion="999999999", resourceVersionMatch="NotOlderThan")
    assert found.code == 504
    assert "Too large resource version" in found.body["message"]


def test_resource_version_zero_lists_what_there_is(api: Api, maps: str) -> None:
    fill(api, maps)
    assert names(api.get(maps, resourceVersion="0", labelSelector="mine")) == ["a", "b", "c", "d"]


# ---- watches


def events(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"].get("name", "")) for event in found]


def test_a_watch_from_a_version_sees_what_came_after(api: Api, workflows: str) -> None:
    start = api.get(workflows).body["metadata"]["resourceVersion"]
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    api.merge(f"{workflows}/w", {"metadata": {"labels": {"a": "b"}}})
    api.delete(f"{workflows}/w")
    found = api.watch(workflows, resourceVersion=start)
    assert events(found) == [("ADDED", "w"), ("MODIFIED", "w"), ("DELETED", "w")]
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in found]
    assert versions == sorted(set(versions))
    assert found[2]["object"]["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize("version", [{}, {"resourceVersion": "0"}])
def test_a_watch_from_no_version_begins_with_what_there_is(
    api: Api, workflows: str, version: dict[str, str]
) -> None:
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    assert events(api.watch(workflows, **version)) == [("ADDED", "w")]


def test_a_watch_is_live(api: Api, workflows: str) -> None:
    start = api.get(workflows).body["metadata"]["resourceVersion"]
    seen: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: seen.extend(api.watch(workflows, resourceVersion=start)))
    reader.start()
    time.sleep(0.2)
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    reader.join()
    assert events(seen) == [("ADDED", "w")]


def test_a_watch_ends_after_its_timeout(api: Api, workflows: str) -> None:
    start = time.monotonic()
    assert api.watch(workflows, timeoutSeconds=1) == []
    assert time.monotonic() - start < 10


def test_an_object_that_enters_and_leaves_a_selection_is_added_and_deleted(api: Api, workflows: str) -> None:
    start = api.get(workflows).body["metadata"]["resourceVersion"]
    api.post(workflows, {"metadata": {"name": "w", "labels": {"done": "no"}}, "spec": {}})
    api.merge(f"{workflows}/w", {"metadata": {"labels": {"done": "yes"}}})
    changed = api.merge(f"{workflows}/w", {"metadata": {"labels": {"done": "no"}}}).body
    api.merge(f"{workflows}/w", {"spec": {"x": "y"}})
    api.delete(f"{workflows}/w")
    found = api.watch(workflows, resourceVersion=start, labelSelector="done=yes")
    assert events(found) == [("ADDED", "w"), ("DELETED", "w")]
    # The object as it was in the selection, at the version at which it left.
    assert found[1]["object"]["metadata"]["labels"] == {"done": "yes"}
    assert found[1]["object"]["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


def test_a_watch_of_one_name(api: Api, workflows: str) -> None:
    start = api.get(workflows).body["metadata"]["resourceVersion"]
    for name in ("a", "b"):
        api.post(workflows, {"metadata": {"name": name}, "spec": {}})
    assert events(api.watch(workflows, resourceVersion=start, fieldSelector="metadata.name=b")) == [
        ("ADDED", "b")
    ]


def test_other_namespaces_are_not_seen(api: Api, workflows: str, maps: str) -> None:
    start = api.get(maps).body["metadata"]["resourceVersion"]
    api.post("/api/v1/namespaces/default/configmaps", {"metadata": {"generateName": "elsewhere-"}})
    found = [
        event
        for event in api.watch(maps, resourceVersion=start)
        if event["object"]["metadata"]["name"] != "kube-root-ca.crt"
    ]
    assert found == []


def test_initial_events_end_with_a_bookmark(api: Api, workflows: str) -> None:
    api.post(workflows, {"metadata": {"name": "w"}, "spec": {}})
    found = api.watch(
        workflows, sendInitialEvents="true", resourceVersionMatch="NotOlderThan", allowWatchBookmarks="true"
    )
    assert events(found)[0] == ("ADDED", "w")
    mark = found[1]
    assert (mark["type"], mark["object"]["kind"]) == ("BOOKMARK", "Workflow")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(mark["object"]["metadata"]["resourceVersion"]) >= int(
        found[0]["object"]["metadata"]["resourceVersion"]
    )


def test_initial_events_need_a_version_match(api: Api, workflows: str) -> None:
    found = api.get(workflows, watch="true", sendInitialEvents="true", timeoutSeconds=1)
    assert found.failure[:2] == (422, "Invalid")


def test_a_watch_from_an_unreadable_version_is_a_bad_request(api: Api, workflows: str) -> None:
    assert api.get(workflows, watch="true", resourceVersion="abc").failure[:2] == (400, "BadRequest")


def test_deletion_of_an_object_with_finalizers_is_seen_as_it_happens(api: Api, workflows: str) -> None:
    start = api.get(workflows).body["metadata"]["resourceVersion"]
    api.post(workflows, {"metadata": {"name": "w", "finalizers": ["x.io/a"]}, "spec": {}})
    api.delete(f"{workflows}/w")
    api.merge(f"{workflows}/w", {"metadata": {"finalizers": None}})
    found = api.watch(workflows, resourceVersion=start)
    kinds = [event["type"] for event in found]
    assert (kinds[:2], kinds[-1]) == (["ADDED", "MODIFIED"], "DELETED")
    assert "deletionTimestamp" in found[1]["object"]["metadata"]


# ---- metadata alone

PARTIAL = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def test_metadata_alone_of_one_object_and_of_a_list(api: Api, workflows: str) -> None:
    made = api.post(workflows, {"metadata": {"name": "w"}, "spec": {"entrypoint": "main", "templates": []}})
    found = api.client.get(f"{workflows}/w", headers={"accept": PARTIAL}).json()
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert found["metadata"] == made.body["metadata"]
    assert "spec" not in found
    listed = api.client.get(workflows, headers={"accept": PARTIAL_LIST}).json()
    assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert [item["metadata"]["uid"] for item in listed["items"]] == [made.body["metadata"]["uid"]]
    assert int(listed["metadata"]["resourceVersion"]) >= int(made.body["metadata"]["resourceVersion"])
    headers = {"accept": PARTIAL, "content-type": "application/merge-patch+json"}
    patched = api.client.patch(
        f"{workflows}/w", headers=headers, content='{"metadata":{"labels":{"a":"b"}}}'
    ).json()
    assert (patched["kind"], patched["metadata"]["labels"]) == ("PartialObjectMetadata", {"a": "b"})


def test_a_watch_of_metadata_alone_has_bookmarks_of_its_kind(api: Api, maps: str) -> None:
    api.post(maps, {"metadata": {"name": "m", "labels": {"a": "b"}}, "data": {"k": "v"}})
    query = {
        "watch": "true",
        "timeoutSeconds": 1,
        "labelSelector": "a=b",
        "sendInitialEvents": "true",
        "allowWatchBookmarks": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    with api.client.stream("GET", maps, params=query, headers={"accept": PARTIAL}) as response:
        events = [json.loads(line) for line in response.iter_lines() if line]
    assert [(event["type"], event["object"]["kind"]) for event in events[:2]] == [
        ("ADDED", "PartialObjectMetadata"),
        ("BOOKMARK", "PartialObjectMetadata"),
    ]
    assert set(events[0]["object"]) == {"kind", "apiVersion", "metadata"}
