"""A local copy of a collection of the Kubernetes API, kept current by list and watch.

One thread an informer. It lists, then watches from the version of the list; a watch that ends is resumed
from the last version seen, one that is too old (410) is replaced by a new list, and a server that does not
answer is asked again with exponential backoff. Handlers are called on the informer's thread, in the order of the events.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from argolint.kube import ApiError, KubeClient, Resource, WatchExpired

Obj = dict[str, Any]
Key = tuple[str, str]
Handler = Callable[[str, Obj, Obj | None], None]

FIRST_BACKOFF = 0.2
LAST_BACKOFF = 15.0
WATCH_SECONDS = 300


def key_of(obj: Obj) -> Key:
    """(namespace, name) of an object."""
    meta = obj.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name") or "")


def version_of(obj: Obj) -> int | None:
    """The resourceVersion as an integer, None when it is not one (then copies cannot be compared)."""
    text = (obj.get("metadata") or {}).get("resourceVersion")
    return int(text) if isinstance(text, str) and text.isdigit() else None


class Informer:
    """The objects of `resource` in `namespace` ("" for all) that `label_selector` matches.

    `on_event(type, obj, old)` gets ADDED, MODIFIED or DELETED; a relist is turned into those, so a handler that
    sees every event sees every change. `index` maps an object to the key under which `indexed` finds it.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str | None = None,
        field_selector: str | None = None,
        on_event: Handler | None = None,
        index: Callable[[Obj], Key | None] | None = None,
        optional: bool = False,
    ) -> None:
        self.client = client
        self.resource = resource
        self.namespace = namespace
        self.label_selector = label_selector
        self.field_selector = field_selector
        self.optional = optional
        self.error: ApiError | None = None
        self.forbidden = False
        self._on_event = on_event
        self._index_of = index
        self._lock = threading.Lock()
        self._objects: dict[Key, Obj] = {}
        self._snapshot: dict[Key, Obj] | None = None
        self._index: dict[Key, dict[Key, Obj]] = {}
        self._synced = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    # --- reading ----------------------------------------------------------------------------------

    def get(self, namespace: str, name: str) -> Obj | None:
        """The present copy; never change it."""
        with self._lock:
            return self._objects.get((namespace, name))

    def all(self) -> list[Obj]:
        """Every object, in no particular order."""
        with self._lock:
            return list(self._objects.values())

    def snapshot(self) -> dict[Key, Obj]:
        """Every object by (namespace, name); the same dict until something changes. Never change it."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = dict(self._objects)
            return self._snapshot

    def indexed(self, key: Key) -> list[Obj]:
        """The objects whose `index` is `key`."""
        with self._lock:
            return list(self._index.get(key, {}).values())

    def offer(self, obj: Obj) -> None:
        """Take over what this process has just written, so that it is not read stale until the watch brings it."""
        known = self.get(*key_of(obj))
        ours, theirs = version_of(obj), version_of(known) if known is not None else None
        if ours is not None and (theirs is None or theirs < ours):
            self._apply("MODIFIED" if known is not None else "ADDED", obj)

    # --- life -------------------------------------------------------------------------------------

    def start(self) -> Informer:
        """Begin on a thread of its own; `wait_synced` says when the first list has arrived."""
        self._thread = threading.Thread(
            target=self._run, name=f"informer-{self.resource.plural}", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop at the next event or timeout of the watch."""
        self._stop.set()

    def wait_synced(self, timeout: float) -> bool:
        """Whether the first list arrived within `timeout` seconds."""
        return self._synced.wait(timeout)

    def _run(self) -> None:
        backoff = FIRST_BACKOFF
        version: str | None = None
        while not self._stop.is_set():
            try:
                if version is None:
                    version = self._relist()
                    self._synced.set()
                version = self._watch(version)
                backoff = FIRST_BACKOFF
                self.error = None
            except WatchExpired:
                version = None
            except ApiError as error:
                self.error = error
                if error.status in (403, 404) and self.optional:
                    # An optional kind that is not served or not permitted is an empty one; look again now and then.
                    self.forbidden = True
                    self._synced.set()
                    version = None
                    self._stop.wait(60.0)
                    continue
                if error.status in (400, 403, 404):
                    version = None
                self._stop.wait(error.retry_after or backoff)
                backoff = min(backoff * 2, LAST_BACKOFF)
            except Exception as error:
                # A handler must not end the informer: everything else would go stale without a word.
                print(f"informer {self.resource.plural}: {type(error).__name__}: {error}", file=sys.stderr)
                version = None
                self._stop.wait(backoff)
                backoff = min(backoff * 2, LAST_BACKOFF)

    def _relist(self) -> str:
        page = self.client.list(
            self.resource,
            self.namespace,
            label_selector=self.label_selector,
            field_selector=self.field_selector,
        )
        self.forbidden = False
        fresh = {key_of(item): item for item in page.items}
        with self._lock:
            known = dict(self._objects)
        for key, old in known.items():
            if key not in fresh:
                self._apply("DELETED", old)
        for key, item in fresh.items():
            old_item = known.get(key)
            if old_item is None or _version_text(old_item) != _version_text(item):
                self._apply("ADDED" if old_item is None else "MODIFIED", item)
        return page.resource_version

    def _watch(self, version: str) -> str:
        for kind, obj in self.client.watch(
            self.resource,
            self.namespace,
            resource_version=version,
            label_selector=self.label_selector,
            field_selector=self.field_selector,
            timeout_seconds=WATCH_SECONDS,
        ):
            if self._stop.is_set():
                break
            version = str((obj.get("metadata") or {}).get("resourceVersion") or version)
            if kind != "BOOKMARK":
                obj.setdefault("apiVersion", self.resource.api_version)
                obj.setdefault("kind", self.resource.kind)
                self._apply(kind, obj)
        return version

    def _apply(self, kind: str, obj: Obj) -> None:
        key = key_of(obj)
        with self._lock:
            self._snapshot = None
            old = self._objects.get(key)
            if old is not None:
                if kind != "DELETED" and _is_older(obj, old):
                    return
                self._unindex(key, old)
            if kind == "DELETED":
                self._objects.pop(key, None)
            else:
                self._objects[key] = obj
                self._enter(key, obj)
        if self._on_event is not None:
            self._on_event("MODIFIED" if kind == "ADDED" and old is not None else kind, obj, old)

    def _enter(self, key: Key, obj: Obj) -> None:
        group = self._index_of(obj) if self._index_of is not None else None
        if group is not None:
            self._index.setdefault(group, {})[key] = obj

    def _unindex(self, key: Key, obj: Obj) -> None:
        group = self._index_of(obj) if self._index_of is not None else None
        if group is not None and group in self._index:
            self._index[group].pop(key, None)
            if not self._index[group]:
                del self._index[group]


def _is_older(obj: Obj, known: Obj) -> bool:
    ours, theirs = version_of(obj), version_of(known)
    return ours is not None and theirs is not None and ours < theirs


def _version_text(obj: Obj) -> Any:
    return (obj.get("metadata") or {}).get("resourceVersion")


def wait_all_synced(informers: Iterable[Informer], timeout: float) -> list[Informer]:
    """Wait until each has its first list; those that have not after `timeout` seconds in total.

    It is given up at once when the API refuses one (401, 403) or does not serve its kind (404): waiting cannot help.
    """
    waiting = list(informers)
    end = time.monotonic() + timeout
    while True:
        waiting = [informer for informer in waiting if not informer.wait_synced(0)]
        refused = [i for i in waiting if i.error is not None and i.error.status in (401, 403, 404)]
        if not waiting or refused or time.monotonic() >= end:
            return refused or waiting
        waiting[0].wait_synced(0.02)
