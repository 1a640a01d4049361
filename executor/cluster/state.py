"""The cluster as one object: the store with everything that decides about requests."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from executor.cluster import admission, archive, builtincrds, defaults, managed, meta, protobuf
from executor.cluster.archive import Archive
from executor.cluster.audit import AuditLog
from executor.cluster.auth import Authenticator
from executor.cluster.controllers import Controllers
from executor.cluster.crdadmission import is_established, status_of
from executor.cluster.crud import Call, Outcome, Writer, create, is_finished_deletion
from executor.cluster.expiry import DEFAULT_TTL
from executor.cluster.kinds import Registry, Resource
from executor.cluster.openapi import Documents
from executor.cluster.patches import ListKeys
from executor.cluster.rbac import Authorizer
from executor.cluster.schemas import list_strategy, schema_of
from executor.cluster.secretbox import sealer
from executor.cluster.status import ApiStatus
from executor.cluster.store import DEFAULT_WINDOW, Entry, Event, Store
from executor.cluster.watch import Watch

log = logging.getLogger("argorun.apiserver")

MAX_WATCHES: Final = 5_000
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
WORKFLOWS = "workflows.argoproj.io"


class Cluster:
    """State of one API server. `open()` in a running loop before the first request, `await close()` at the end."""

    def __init__(
        self,
        data: Path,
        *,
        synchronous: str = "normal",
        window: int = DEFAULT_WINDOW,
        crds: str = "",
        event_ttl: float = DEFAULT_TTL,
        audit: AuditLog | None = None,
    ) -> None:
        """`data` is the folder that holds everything: database, keys, pod logs. `crds` is one of `builtincrds.MODES`, or
        empty: as the folder has it."""
        self.data = data
        self.crds = crds
        self.event_ttl = event_ttl
        self.audit = audit
        data.mkdir(parents=True, exist_ok=True)
        self.registry = Registry.builtin()
        self.store = Store(
            data / "cluster.db",
            synchronous=synchronous,
            window=window,
            seals={"secrets": sealer(data / "pki" / "secrets.key")},
        )
        self.auth = Authenticator(data / "pki", self.store)
        self.authorizer = Authorizer(self.store)
        self.writer = Writer(self.store, self.registry, self)
        self.openapi = Documents(self.registry)
        self.address = ""
        self.closing = False
        self.controllers = Controllers(self)
        self.archive = Archive(data / archive.DATABASE)
        self._watches: set[Watch] = set()

    def open(self) -> None:
        """Load the data and make what every cluster has from the start."""
        self.store.open()
        self.store.listen(CRDS, self._definitions_changed)
        self._reload_definitions()
        fresh = self.store.get("namespaces", "", "kube-system") is None
        for namespace in defaults.NAMESPACES if fresh else defaults.NAMESPACES[:2]:
            self.ensure("v1", "Namespace", {"metadata": {"name": namespace}})
        for api_version, kind, obj in defaults.objects() if fresh else ():
            self.ensure(api_version, kind, obj)
        for name in builtincrds.install(self, self.crds):
            log.warning("%s: replaced by the definition of this version", name)
        self._reload_definitions()
        self.archive.open()
        for entry in self.store.items(WORKFLOWS):
            self._archive(entry.obj)
        self.store.listen(WORKFLOWS, lambda event: self._archive(event.entry.obj))
        self.controllers.start()

    def _archive(self, workflow: Mapping[str, Any]) -> None:
        if archive.has_ended(workflow):
            try:
                self.archive.put(workflow)
            except (
                sqlite3.Error
            ) as error:  # a full disk must not stop the cluster for the sake of its history
                log.error("a workflow was not archived: %s", error)

    async def close(self) -> None:
        """End all watches and commit what is pending."""
        self.end_watches()
        await self.controllers.stop()
        await self.store.close()
        self.archive.close()
        if self.audit is not None:
            self.audit.close()

    def end_watches(self) -> None:
        """Close every open stream, so that clients reconnect elsewhere or later."""
        self.closing = True
        for watch in list(self._watches):
            watch.close()

    def refuse_watches(self) -> None:
        """ApiStatus 429 when there are as many as can be served."""
        if len(self._watches) >= MAX_WATCHES:
            raise ApiStatus(
                429,
                "TooManyRequests",
                f"{MAX_WATCHES} watches are open, which is the limit",
                {"retryAfterSeconds": 1},
                {"retry-after": "1"},
            )

    async def streamed(self, watch: Watch) -> AsyncIterator[bytes]:
        """The lines of a watch; the watch ends with the server."""
        self._watches.add(watch)
        try:
            async for chunk in watch.lines():
                yield chunk
        finally:
            self._watches.discard(watch)

    def ensure(self, api_version: str, kind: str, obj: dict[str, Any]) -> None:
        """Create an object unless one of its name is there."""
        resource = self.registry.by_kind(api_version, kind)
        assert resource is not None, (api_version, kind)
        namespace = obj["metadata"].get("namespace", "")
        if self.store.get(resource.storage, namespace, obj["metadata"]["name"]) is None:
            call = Call(resource, namespace, manager="argolint-apiserver")
            create(self.writer, call, {"apiVersion": api_version, "kind": kind, **obj})

    def root_certificate(self) -> str:
        """The CA's certificate in PEM; empty over plain HTTP."""
        path = self.data / "pki" / "ca.crt"
        return "" if self.auth.insecure or not path.exists() else path.read_text()

    def finalize_namespace(self, entry: Entry, finalizers: list[str]) -> None:
        """Set the namespace's own finalizers (`spec.finalizers`); without any left a deleted namespace is gone."""
        obj = entry.copy()
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": finalizers}
        if not finalizers:
            del obj["spec"]["finalizers"]
        name = obj["metadata"]["name"]
        if is_finished_deletion(obj):
            self.store.delete("namespaces", "", name)
        elif obj != entry.obj:
            self.store.put("namespaces", "", name, obj)

    # ---- definitions of custom resources

    def _definitions_changed(self, event: Event) -> None:
        before = (event.previous.obj.get("spec") if event.previous else None) or {}
        if event.type == "MODIFIED" and before == event.entry.obj.get("spec"):
            served = event.previous is not None and is_established(event.previous.obj)
            if served == is_established(event.entry.obj):
                return
        self._reload_definitions()
        if event.type == "DELETED":
            self._accept_names_again()

    def _reload_definitions(self) -> None:
        self.registry.set_custom(entry.obj for entry in self.store.items(CRDS) if is_established(entry.obj))

    def _accept_names_again(self) -> None:
        """A definition has gone: one that waited for its names may be served now."""
        for entry in self.store.items(CRDS):
            if not is_established(entry.obj):
                obj = entry.copy()
                obj["status"] = status_of(self, obj, obj.get("status") or {})
                if obj["status"]["conditions"][1]["status"] == "True":
                    self.store.put(CRDS, "", obj["metadata"]["name"], obj)

    # ---- what a write needs besides the store

    def at_storage(self, call: Call) -> Call:
        """The call on the resource under which objects are kept (both kinds of Event are kept as core/v1)."""
        if call.resource.storage == "events" and call.resource.group:
            core = self.registry.find("", "v1", "events")
            assert core is not None
            call.resource = core
        return call

    def prepare(self, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
        """Admission, defaults and validation of an object about to be written."""
        admission.admit(self, call, obj, old)

    def track(self, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
        """Field ownership of an object about to be written; an apply has settled it already."""
        if not call.apply:
            managed.track_update(call, obj, old)

    def apply(self, call: Call, config: dict[str, Any]) -> Outcome:
        """Server-side apply."""
        return managed.apply(self.writer, call, config)

    def list_keys(self, resource: Resource) -> ListKeys:
        """Patch strategies of the lists of a built-in kind."""
        root = schema_of(resource)
        return lambda path: list_strategy(root, path)

    def decode_protobuf(self, body: bytes) -> Any:
        """A protobuf body as data."""
        return protobuf.decode(body)

    def now(self) -> str:
        """The time as objects carry it."""
        return meta.timestamp()
