"""The controllers that every cluster has inside: namespaces, garbage collection, service accounts and their tokens.

They react to committed events, each reaction a task in the server's loop. They look at the state, not at the event, so an
event that is seen twice, or a restart between two steps, does no harm; `start()` looks at everything once.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import budgets, crud, jobs
from executor.cluster.crud import Call, DeleteOptions
from executor.cluster.expiry import expire_events
from executor.cluster.kinds import Resource
from executor.cluster.status import ApiStatus
from executor.cluster.store import DELETED, Entry, Event

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

log = logging.getLogger("argorun.controllers")

CRDS: Final = "customresourcedefinitions.apiextensions.k8s.io"
MANAGER: Final = "argolint-controllers"
TOKEN_SECRET: Final = "kubernetes.io/service-account-token"
_Object = tuple[str, str, str]
"""Storage key of a resource, namespace and name."""


class Controllers:
    """Runs the built-in controllers of a cluster in the running loop."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._work: deque[_Object] = deque()
        self._queued: set[_Object] = set()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._expiry: asyncio.Task[None] | None = None
        self._dependents: dict[str, set[_Object]] = {}  # owner's uid → objects that refer to it
        self._uids: set[str] = set()

    def start(self) -> None:
        """Look at every object, then at each that changes."""
        store = self.cluster.store
        for storage in store.resources():
            for entry in store.items(storage):
                self._index(storage, entry.obj, None)
                self._enqueue(_key(storage, entry.obj))
        store.listen(None, self._observe)
        self._task = asyncio.ensure_future(self._run())
        self._expiry = asyncio.ensure_future(expire_events(store, self.cluster.event_ttl))

    async def stop(self) -> None:
        """End the workers."""
        for task in (self._task, self._expiry):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    # ---- queue

    def _enqueue(self, item: _Object) -> None:
        if item not in self._queued:
            self._queued.add(item)
            self._work.append(item)
            self._wake.set()

    def _observe(self, event: Event) -> None:
        key = (event.resource, *event.key)
        obj = event.entry.obj
        previous = event.previous.obj if event.previous is not None else None
        if event.type == DELETED:
            self._index(event.resource, None, previous)
            uid = obj["metadata"]["uid"]
            for dependent in self._dependents.get(uid, ()):
                self._enqueue(dependent)
            self._wake_owners(obj)
            if event.resource == "serviceaccounts":
                self._enqueue_namespace_secrets(event.key[0])
                self._enqueue(("namespaces", "", event.key[0]))
            if self._terminating(event.key[0]):
                self._enqueue(("namespaces", "", event.key[0]))
            if event.resource == CRDS:
                self._remove_instances(event.key[1])
            self._enqueue_watchers(event.resource, obj)
            return
        self._index(event.resource, obj, previous)
        if self._concerns(event.resource, obj, previous):
            self._enqueue(key)
        self._enqueue_watchers(event.resource, obj)

    def _enqueue_watchers(self, storage: str, obj: Mapping[str, Any]) -> None:
        """A Job looks again when one of its pods has changed, and so do the disruption budgets of its namespace."""
        if storage == "pods":
            for entry in self.cluster.store.items(budgets.STORAGE, obj["metadata"]["namespace"]):
                self._enqueue(_key(budgets.STORAGE, entry.obj))
            for reference in obj["metadata"].get("ownerReferences") or ():
                if reference.get("kind") == "Job":
                    self._enqueue((jobs.STORAGE, obj["metadata"]["namespace"], str(reference.get("name"))))

    def _remove_instances(self, storage: str) -> None:
        """The objects of a definition go with it."""
        store = self.cluster.store
        for entry in store.items(storage):
            store.delete(*_key(storage, entry.obj))

    def _concerns(self, storage: str, obj: Mapping[str, Any], previous: Mapping[str, Any] | None) -> bool:
        data = obj["metadata"]
        return (
            storage in ("namespaces", "secrets", "serviceaccounts", jobs.STORAGE, budgets.STORAGE)
            or (
                bool(data.get("ownerReferences"))
                and (
                    previous is None or previous["metadata"].get("ownerReferences") != data["ownerReferences"]
                )
            )
            or bool(data.get("deletionTimestamp") and data.get("finalizers"))
        )

    def _terminating(self, namespace: str) -> bool:
        entry = self.cluster.store.get("namespaces", "", namespace) if namespace else None
        return entry is not None and "deletionTimestamp" in entry.obj["metadata"]

    def _enqueue_namespace_secrets(self, namespace: str) -> None:
        for entry in self.cluster.store.items("secrets", namespace):
            if entry.obj.get("type") == TOKEN_SECRET:
                self._enqueue(_key("secrets", entry.obj))

    def _wake_owners(self, obj: Mapping[str, Any]) -> None:
        """An owner that waits for its dependents (foreground deletion) looks again."""
        for reference in obj["metadata"].get("ownerReferences") or ():
            owner = self._owner(reference, obj["metadata"].get("namespace", ""))
            if owner is not None and "deletionTimestamp" in owner[1].obj["metadata"]:
                self._enqueue(_key(owner[0].storage, owner[1].obj))

    def _index(self, storage: str, obj: Mapping[str, Any] | None, previous: Mapping[str, Any] | None) -> None:
        for known, add in ((previous, False), (obj, True)):
            if known is None:
                continue
            key = _key(storage, known)
            (self._uids.add if add else self._uids.discard)(known["metadata"]["uid"])
            for reference in known["metadata"].get("ownerReferences") or ():
                uid = str(reference.get("uid"))
                if add:
                    self._dependents.setdefault(uid, set()).add(key)
                elif uid in self._dependents:
                    self._dependents[uid].discard(key)
                    if not self._dependents[uid]:
                        del self._dependents[uid]

    async def _run(self) -> None:
        while True:
            while not self._work:
                self._wake.clear()
                await self._wake.wait()
            item = self._work.popleft()
            self._queued.discard(item)
            try:
                self._reconcile(item)
            except ApiStatus as failure:
                if failure.code not in (404, 409):
                    log.warning("%s: %s", item, failure.message)
            except Exception:
                log.exception("%s", item)
            await asyncio.sleep(0)

    # ---- what is done

    def _reconcile(self, item: _Object) -> None:
        entry = self.cluster.store.get(*item)
        resource = self.cluster.registry.of_storage(item[0])
        if entry is None or resource is None:
            return
        if item[0] == "namespaces":
            self._namespace(entry)
        elif item[0] == jobs.STORAGE:
            seconds = jobs.reconcile(self.cluster, entry)
            if seconds is not None:
                asyncio.get_running_loop().call_later(seconds, self._enqueue, item)
        elif item[0] == budgets.STORAGE:
            self._budget(resource, entry)
        elif item[0] == "serviceaccounts":
            self._enqueue_namespace_secrets(item[1])
        elif item[0] == "secrets" and entry.obj.get("type") == TOKEN_SECRET:
            self._token_secret(resource, entry)
            if self.cluster.store.get(*item) is None:
                return
        self._collect(resource, item, self.cluster.store.get(*item) or entry)

    def _call(self, resource: Resource, obj: Mapping[str, Any]) -> Call:
        data = obj["metadata"]
        return Call(resource, data.get("namespace", ""), data["name"], manager=MANAGER)

    def _budget(self, resource: Resource, entry: Entry) -> None:
        wanted = budgets.status(self.cluster.store, entry.obj)
        if wanted != entry.obj.get("status"):
            call = self._call(resource, entry.obj)
            call.subresource = "status"
            crud.patch(self.cluster.writer, call, lambda obj: {**obj, "status": wanted})

    def _namespace(self, entry: Entry) -> None:
        cluster, data = self.cluster, entry.obj["metadata"]
        name = data["name"]
        if "deletionTimestamp" not in data:
            account = {"metadata": {"name": "default", "namespace": name}}
            cluster.ensure("v1", "ServiceAccount", account)
            authority = cluster.root_certificate()
            if authority:
                bundle = {
                    "metadata": {"name": "kube-root-ca.crt", "namespace": name},
                    "data": {"ca.crt": authority},
                }
                cluster.ensure("v1", "ConfigMap", bundle)
            return
        left = 0
        for resource in cluster.registry.stored():
            if not resource.namespaced:
                continue
            for found in cluster.store.items(resource.storage, name):
                if "deletionTimestamp" not in found.obj["metadata"]:
                    crud.delete(cluster.writer, self._call(resource, found.obj), DeleteOptions())
            left += len(cluster.store.items(resource.storage, name))
        if not left:
            current = cluster.store.get("namespaces", "", name)
            if current is not None:
                cluster.finalize_namespace(current, [])

    # ---- garbage collection

    def _owner(self, reference: Mapping[str, Any], namespace: str) -> tuple[Resource, Entry] | None:
        resource = self.cluster.registry.by_kind(str(reference.get("apiVersion")), str(reference.get("kind")))
        if resource is None:
            return None
        entry = self.cluster.store.get(
            resource.storage, namespace if resource.namespaced else "", str(reference.get("name"))
        )
        if entry is None or entry.obj["metadata"]["uid"] != reference.get("uid"):
            return None
        return resource, entry

    def _collect(self, resource: Resource, item: _Object, entry: Entry) -> None:
        data = entry.obj["metadata"]
        if "deletionTimestamp" in data:
            finalizers = data.get("finalizers") or ()
            if "orphan" in finalizers:
                self._orphan(entry)
                self._remove_finalizer(resource, entry, "orphan")
            elif "foregroundDeletion" in finalizers:
                self._foreground(resource, entry)
            return
        references = data.get("ownerReferences") or ()
        if not references:
            return
        owners = [self._owner(reference, data.get("namespace", "")) for reference in references]
        solid = [owner for owner in owners if owner is not None and not _awaits_dependents(owner[1].obj)]
        if solid:
            return
        waiting = any(owner is not None for owner in owners)
        if not waiting and any(str(reference.get("uid")) in self._uids for reference in references):
            log.warning("%s: its ownerReferences name an object by a wrong kind or namespace", item)
        policy = "Foreground" if waiting and self._dependents.get(data["uid"]) else "Background"
        crud.delete(self.cluster.writer, self._call(resource, entry.obj), DeleteOptions(propagation=policy))

    def _objects(self, items: Iterable[_Object]) -> list[tuple[Resource, Entry]]:
        found = []
        for item in sorted(items):
            entry, resource = self.cluster.store.get(*item), self.cluster.registry.of_storage(item[0])
            if entry is not None and resource is not None:
                found.append((resource, entry))
        return found

    def _orphan(self, owner: Entry) -> None:
        uid = owner.obj["metadata"]["uid"]
        for resource, entry in self._objects(self._dependents.get(uid, ())):

            def forget(obj: dict[str, Any]) -> dict[str, Any]:
                obj["metadata"]["ownerReferences"] = [
                    reference
                    for reference in obj["metadata"].get("ownerReferences", ())
                    if reference.get("uid") != uid
                ]
                return obj

            crud.patch(self.cluster.writer, self._call(resource, entry.obj), forget)

    def _foreground(self, resource: Resource, owner: Entry) -> None:
        uid = owner.obj["metadata"]["uid"]
        blocking = False
        for kind, entry in self._objects(self._dependents.get(uid, ())):
            if "deletionTimestamp" not in entry.obj["metadata"]:
                self._collect(kind, _key(kind.storage, entry.obj), entry)
            still = self.cluster.store.get(*_key(kind.storage, entry.obj))
            references = still.obj["metadata"].get("ownerReferences", ()) if still is not None else ()
            blocking = blocking or any(
                reference.get("uid") == uid and reference.get("blockOwnerDeletion")
                for reference in references
            )
        if not blocking:
            self._remove_finalizer(resource, owner, "foregroundDeletion")

    def _remove_finalizer(self, resource: Resource, entry: Entry, name: str) -> None:
        def remove(obj: dict[str, Any]) -> dict[str, Any]:
            obj["metadata"]["finalizers"] = [
                found for found in obj["metadata"].get("finalizers", ()) if found != name
            ]
            return obj

        crud.patch(self.cluster.writer, self._call(resource, entry.obj), remove)

    # ---- service-account tokens

    def _token_secret(self, resource: Resource, entry: Entry) -> None:
        data = entry.obj["metadata"]
        annotations = data.get("annotations") or {}
        name = annotations.get("kubernetes.io/service-account.name", "")
        account = self.cluster.store.get("serviceaccounts", data["namespace"], name)
        uid = annotations.get("kubernetes.io/service-account.uid")
        if account is None or (uid and uid != account.obj["metadata"]["uid"]):
            if uid:  # its account is gone: so is the token
                crud.delete(self.cluster.writer, self._call(resource, entry.obj), DeleteOptions())
            return
        if (entry.obj.get("data") or {}).get("token"):
            return

        def fill(obj: dict[str, Any]) -> dict[str, Any]:
            bound = {"secret": {"name": data["name"], "uid": data["uid"]}}
            token, _ = self.cluster.auth.issue(account.obj, seconds=None, bound=bound)
            values = {"token": token, "namespace": data["namespace"]}
            if authority := self.cluster.root_certificate():
                values["ca.crt"] = authority
            obj.setdefault("data", {}).update(
                {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
            )
            obj["metadata"].setdefault("annotations", {})["kubernetes.io/service-account.uid"] = account.obj[
                "metadata"
            ]["uid"]
            return obj

        crud.patch(self.cluster.writer, self._call(resource, entry.obj), fill)


def _awaits_dependents(owner: Mapping[str, Any]) -> bool:
    data = owner["metadata"]
    return "deletionTimestamp" in data and "foregroundDeletion" in (data.get("finalizers") or ())


def _key(storage: str, obj: Mapping[str, Any]) -> _Object:
    data = obj["metadata"]
    return storage, data.get("namespace", ""), data["name"]
