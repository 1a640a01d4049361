"""An in-memory store of Kubernetes objects: what a run without a cluster has for resource templates and lookups."""

from __future__ import annotations

import copy
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from executor.local.prepare import ALPHABET
from executor.runtimes.resources import ResourceError

Object = dict[str, Any]
Key = tuple[str, str, str, str]  # group, kind in lower case, namespace, name
Listener = Callable[[str, Object], None]  # (created | changed | deleted, the object)

RUNNING_KINDS = frozenset({"workflow", "pod", "job"})
PATIENCE = 20.0
CLUSTER_KINDS = frozenset(
    {"namespace", "node", "clusterrole", "clusterrolebinding", "clusterworkflowtemplate", "persistentvolume", "storageclass",
     "customresourcedefinition", "priorityclass"}
)  # fmt: skip
# The short and plural words that kubectl takes on a command line.
_ALIASES = {"cm": "configmap", "po": "pod", "svc": "service", "deploy": "deployment", "wf": "workflow", "pvc": "persistentvolumeclaim",
            "ns": "namespace", "sa": "serviceaccount", "sts": "statefulset", "ds": "daemonset", "ing": "ingress",
            "cwf": "cronworkflow", "cronwf": "cronworkflow", "wftmpl": "workflowtemplate", "no": "node"}  # fmt: skip


def canonical_kind(kind: str) -> str:
    """A kind's lower-case singular, from `Pod`, `pods`, `po`, `deployments.apps`."""
    word = kind.lower().split(".", 1)[0]
    word = _ALIASES.get(word, word)
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "status")) else word


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def strategic_patch(target: Any, patch: Any) -> Any:
    """A strategic merge without schemas: lists of objects with names merge by name, other lists are replaced."""
    if isinstance(patch, list) and isinstance(target, list) and _named(patch) and _named(target):
        merged = {item["name"]: item for item in target}
        for item in patch:
            merged[item["name"]] = strategic_patch(merged.get(item["name"]), item)
        return list(merged.values())
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = strategic_patch(result.get(key), value)
    return result


def _named(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) and "name" in item for item in items)


class ObjectStore:
    """Objects by kind, namespace and name. Every method may be called from any thread; results are copies."""

    def __init__(self) -> None:
        self._objects: dict[Key, Object] = {}
        self._lock = threading.RLock()
        self._version = 0
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Be told of every change, in the thread that made it."""
        self._listeners.append(listener)

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._version

    def keys(self) -> frozenset[Key]:
        """What is in the store now."""
        with self._lock:
            return frozenset(self._objects)

    def made(self, before: frozenset[Key]) -> Sequence[Object]:
        """The objects that were not there `before`."""
        with self._lock:
            return [copy.deepcopy(obj) for key, obj in self._objects.items() if key not in before]

    def _key(self, api_version: str, kind: str, namespace: str, name: str) -> Key:
        canonical = canonical_kind(kind)
        return ("", canonical, "" if canonical in CLUSTER_KINDS else namespace, name)

    def _put(self, key: Key, obj: Object, event: str) -> Object:
        self._version += 1
        obj["metadata"]["resourceVersion"] = str(self._version)
        self._objects[key] = obj
        for listener in self._listeners:
            listener(event, copy.deepcopy(obj))
        return copy.deepcopy(obj)

    def patience(self, kind: str) -> float | None:
        """How long to wait for a kind's status to change, in seconds; None is for ever (it runs, so it will end)."""
        return None if canonical_kind(kind) in RUNNING_KINDS else PATIENCE

    def get(self, api_version: str, kind: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        with self._lock:
            found = self._objects.get(self._key(api_version, kind, namespace, name))
            return copy.deepcopy(found) if found is not None else None

    def list(self, kind: str) -> list[Object]:
        """All objects of a kind."""
        with self._lock:
            return [
                copy.deepcopy(obj) for key, obj in self._objects.items() if key[1] == canonical_kind(kind)
            ]

    def create(self, manifest: Object, namespace: str) -> Object:
        """Create with the fields that an API server sets. Raises ResourceError when it exists."""
        obj = copy.deepcopy(manifest)
        meta = obj["metadata"] = dict(obj.get("metadata") or {})
        if not meta.get("name"):
            meta["name"] = str(meta.get("generateName") or "") + "".join(random.choices(ALPHABET, k=5))
        obj.setdefault("apiVersion", "v1")
        key = self._key(
            obj["apiVersion"], str(obj.get("kind") or ""), meta.get("namespace") or namespace, meta["name"]
        )
        if key[2]:
            meta["namespace"] = key[2]
        with self._lock:
            if key in self._objects:
                raise ResourceError(
                    f'Error from server (AlreadyExists): {key[1]}s "{meta["name"]}" already exists'
                )
            meta["uid"] = str(uuid.uuid4())
            meta["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            meta["generation"] = 1
            return self._put(key, obj, "created")

    def put(self, obj: Object) -> None:
        """Store an object that has its identity already."""
        meta = obj["metadata"]
        key = self._key(
            str(obj.get("apiVersion") or "v1"), str(obj["kind"]), meta.get("namespace") or "", meta["name"]
        )
        with self._lock:
            event = "changed" if key in self._objects else "created"
            self._put(key, copy.deepcopy(obj), event)

    def share(self, obj: Object) -> None:
        """Store an object that nobody will ever change, without a copy and without telling anyone (workflow states)."""
        meta = obj["metadata"]
        key = self._key(
            str(obj.get("apiVersion") or "v1"), str(obj["kind"]), meta.get("namespace") or "", meta["name"]
        )
        with self._lock:
            if key in self._objects:
                self._objects[key] = obj

    def _change(
        self, api_version: str, kind: str, namespace: str, name: str, change: Callable[[Object], Object]
    ) -> Object:
        key = self._key(api_version, kind, namespace, name)
        with self._lock:
            found = self._objects.get(key)
            if found is None:
                raise ResourceError(f'Error from server (NotFound): {key[1]}s "{name}" not found')
            changed = change(copy.deepcopy(found))
            kept = {
                k: found["metadata"][k]
                for k in ("name", "namespace", "uid", "creationTimestamp")
                if k in found["metadata"]
            }
            changed["metadata"] = {**(changed.get("metadata") or {}), **kept}
            if changed == found:
                return copy.deepcopy(found)
            return self._put(key, changed, "changed")

    def apply(self, manifest: Object, namespace: str) -> Object:
        """Create, or merge into what is there."""
        meta = manifest.get("metadata") or {}
        api, kind = str(manifest.get("apiVersion") or "v1"), str(manifest.get("kind") or "")
        space, name = meta.get("namespace") or namespace, str(meta.get("name") or "")
        if self.get(api, kind, space, name) is None:
            return self.create(manifest, namespace)
        return self._change(api, kind, space, name, lambda found: strategic_patch(found, manifest))

    def replace(self, manifest: Object, namespace: str) -> Object:
        """Replace all but the identity."""
        meta = manifest.get("metadata") or {}
        return self._change(
            str(manifest.get("apiVersion") or "v1"), str(manifest.get("kind") or ""), meta.get("namespace") or namespace,
            str(meta.get("name") or ""), lambda found: copy.deepcopy(manifest),
        )  # fmt: skip

    def patch(
        self, api_version: str, kind: str, namespace: str, name: str, patch: Any, strategy: str
    ) -> Object:
        """Patch by strategy: strategic, merge or json."""
        if strategy == "json":
            return self._change(api_version, kind, namespace, name, lambda found: _json_patch(found, patch))
        how = merge_patch if strategy == "merge" else strategic_patch
        return self._change(api_version, kind, namespace, name, lambda found: how(found, patch))

    def delete(self, api_version: str, kind: str, namespace: str, name: str) -> bool:
        """Delete; False when there was nothing."""
        with self._lock:
            found = self._objects.pop(self._key(api_version, kind, namespace, name), None)
            if found is not None:
                for listener in self._listeners:
                    listener("deleted", found)
            return found is not None


def _json_patch(found: Object, patch: Any) -> Object:
    operations = patch if isinstance(patch, list) else [patch]
    try:
        import jsonpatch

        changed: Object = jsonpatch.apply_patch(found, operations)
        return changed
    except ImportError:
        raise ResourceError(
            "mergeStrategy json needs the jsonpatch package: pip install 'argolint[run]'"
        ) from None
    except Exception as error:  # jsonpatch and jsonpointer raise half a dozen unrelated types
        raise ResourceError(f"cannot apply the JSON patch: {error}") from None
