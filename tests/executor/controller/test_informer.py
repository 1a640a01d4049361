"""Informers against a scripted API: lists, watches, 410, broken connections."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import Any

from argolint.kube import ApiError, WatchExpired, resource_for
from argolint.kube.client import Page
from executor.controller.informer import Informer, wait_all_synced

Obj = dict[str, Any]
POD = resource_for("Pod")


def pod(name: str, version: int, group: str = "g") -> Obj:
    return {
        "metadata": {"name": name, "namespace": "ns", "resourceVersion": str(version), "labels": {"g": group}}
    }


class Api:
    """Lists what it is told to, and plays what is put into `events` to each watch."""

    def __init__(self, *lists: Any) -> None:
        self.lists = list(lists)
        self.events: queue.Queue[Any] = queue.Queue()
        self.watched_from: list[str] = []

    def list(self, *_: Any, **__: Any) -> Page:
        found = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(found, Exception):
            raise found
        return found

    def watch(self, *_: Any, resource_version: str, **__: Any) -> Iterator[tuple[str, Obj]]:
        self.watched_from.append(resource_version)
        while True:
            event = self.events.get()
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event


def started(api: Api, **keywords: Any) -> tuple[Informer, list[tuple[str, str]]]:
    seen: list[tuple[str, str]] = []
    informer = Informer(
        api,  # type: ignore[arg-type]
        POD,
        on_event=lambda kind, obj, _old: seen.append((kind, obj["metadata"]["name"])),
        **keywords,
    )
    informer.start()
    return informer, seen


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def stop(informer: Informer, api: Api) -> None:
    informer.stop()
    api.events.put(None)


def test_list_then_watch_from_its_version() -> None:
    api = Api(Page([pod("a", 1)], "5"))
    informer, seen = started(api, index=lambda obj: ("ns", obj["metadata"]["labels"]["g"]))
    assert informer.wait_synced(5)
    api.events.put(("ADDED", pod("b", 6)))
    api.events.put(("MODIFIED", pod("a", 7, "h")))
    api.events.put(("DELETED", pod("b", 8)))
    until(lambda: len(seen) == 4)
    assert seen == [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    assert informer.snapshot() == {("ns", "a"): {**pod("a", 7, "h"), "apiVersion": "v1", "kind": "Pod"}}
    assert [p["metadata"]["name"] for p in informer.indexed(("ns", "h"))] == ["a"]
    assert informer.indexed(("ns", "g")) == []
    assert api.watched_from == ["5"]
    stop(informer, api)


def test_a_watch_that_ends_is_resumed_from_the_last_version_seen() -> None:
    api = Api(Page([], "5"))
    informer, seen = started(api)
    api.events.put(("ADDED", pod("a", 9)))
    api.events.put(("BOOKMARK", {"metadata": {"resourceVersion": "12"}}))
    api.events.put(None)
    until(lambda: len(api.watched_from) == 2)
    api.events.put(ApiError(0, "ProtocolError", "the connection broke"))
    until(lambda: len(api.watched_from) == 3)
    assert api.watched_from == ["5", "12", "12"]
    assert seen == [("ADDED", "a")]
    stop(informer, api)


def test_410_lists_again_and_tells_what_has_changed_meanwhile() -> None:
    api = Api(
        Page([pod("a", 1), pod("b", 2), pod("c", 3)], "5"), Page([pod("a", 1), pod("b", 7), pod("d", 8)], "9")
    )
    informer, seen = started(api)
    until(lambda: len(api.watched_from) == 1)
    seen.clear()
    api.events.put(WatchExpired(410, "Expired", "too old resource version"))
    until(lambda: len(api.watched_from) == 2)
    assert seen == [("DELETED", "c"), ("MODIFIED", "b"), ("ADDED", "d")]
    assert api.watched_from == ["5", "9"]
    stop(informer, api)


def test_an_api_that_is_away_is_asked_again() -> None:
    away = ApiError(0, "NewConnectionError", "cannot reach the Kubernetes API")
    api = Api(away, away, Page([pod("a", 1)], "5"))
    informer, seen = started(api)
    assert informer.wait_synced(10)
    until(lambda: seen == [("ADDED", "a")])
    stop(informer, api)


def test_an_optional_kind_that_is_not_permitted_is_empty() -> None:
    api = Api(ApiError(403, "Forbidden", "clusterworkflowtemplates is forbidden"))
    informer, seen = started(api, optional=True)
    assert informer.wait_synced(5)
    assert (informer.snapshot(), informer.forbidden, seen) == ({}, True, [])
    informer.stop()


def test_a_handler_that_fails_does_not_end_the_informer() -> None:
    api = Api(Page([], "5"))
    seen: list[str] = []

    def handler(_kind: str, obj: Obj, _old: Obj | None) -> None:
        seen.append(obj["metadata"]["name"])
        if obj["metadata"]["name"] == "bad":
            raise RuntimeError("no")

    informer = Informer(api, POD, on_event=handler).start()  # type: ignore[arg-type]
    api.events.put(("ADDED", pod("bad", 6)))
    until(lambda: len(api.watched_from) == 2)
    api.events.put(("ADDED", pod("good", 7)))
    until(lambda: "good" in seen)
    stop(informer, api)


def test_waiting_is_given_up_when_the_api_refuses() -> None:
    api = Api(ApiError(403, "Forbidden", "pods is forbidden"))
    informer, _ = started(api)
    late = wait_all_synced([informer], 60.0)
    assert [str(i.error) for i in late] == ["pods is forbidden (403 Forbidden)"]
    informer.stop()
