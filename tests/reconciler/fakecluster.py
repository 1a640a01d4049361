"""A cluster in a JSON file: enough of the API to inject a fault into any single call, and to survive a kill -9.

It offers what `argolint.kube.KubeClient` offers to the reconciler, with server-side apply (maps granular, lists atomic;
`atomic_spec` for the minimal CRDs), field ownership, versions, preconditions and owner garbage collection. What it says is
compared with the embedded API server in test_embedded_cluster.py.
"""

from __future__ import annotations

import copy
import json
import os
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argolint.kube import ApiError
from argolint.kube.client import Page
from argolint.kube.kinds import Resource

Obj = dict[str, Any]
Fault = Callable[[int, str, str, str], Exception | None]
_IDENTITY = {
    ("apiVersion",),
    ("kind",),
    ("metadata",),
    *(
        ("metadata", f)
        for f in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "managedFields",
            "creationTimestamp",
            "generation",
        ]
    ),
}
TIME = "2026-03-01T11:00:00Z"


class FakeCluster:
    """The client and the server in one. `calls` are (verb, kind, name, dry run); `fault` may fail any of them."""

    def __init__(
        self, path: Path, *, atomic_spec: bool = False, namespaces: tuple[str, ...] = ("argo",)
    ) -> None:
        self.server = "https://fake.invalid"
        self.default_namespace = "argo"
        self.path = path
        self.atomic_spec = atomic_spec
        self.namespaces = namespaces
        self.calls: list[tuple[str, str, str, bool]] = []
        self.before: Fault = lambda *_: None
        self.after: Fault = lambda *_: None
        self.forbidden: set[tuple[str, str]] = set()
        self._lock = threading.RLock()
        if not path.exists():
            self._save({"rv": 1, "uid": str(uuid.uuid4()), "objects": {}})

    # --- what a test does to the cluster ---

    @property
    def writes(self) -> list[tuple[str, str, str]]:
        """The real writes of managed kinds, in order."""
        return [
            (v, k, n)
            for v, k, n, dry in self.calls
            if v in ("apply", "patch", "delete", "create") and not dry and k != "Lease"
        ]

    def objects(self) -> dict[str, Obj]:
        """Everything, by `Kind/name`, Leases aside."""
        return {k: v for k, v in sorted(self._load()["objects"].items()) if not k.startswith("Lease/")}

    def versions(self) -> dict[str, str]:
        """resourceVersions by `Kind/name`."""
        return {name: obj["metadata"]["resourceVersion"] for name, obj in self.objects().items()}

    def put(self, obj: Obj, manager: str = "kubectl", *, namespace: str = "argo") -> Obj:
        """Create or overwrite as an ordinary client does (Update operation)."""
        with self._lock:
            state = self._load()
            name = f"{obj['kind']}/{obj['metadata']['name']}"
            old = state["objects"].get(name)
            new = copy.deepcopy(obj)
            new.setdefault("apiVersion", "argoproj.io/v1alpha1")
            meta = new["metadata"]
            if obj["kind"] != "ClusterWorkflowTemplate":
                meta.setdefault("namespace", namespace)
            meta["uid"] = old["metadata"]["uid"] if old else str(uuid.uuid4())
            meta["creationTimestamp"] = TIME
            sets = _sets(old) if old else {}
            changed = {p for p in self._leaves(new) if old is None or _get(old, p) != _get(new, p)}
            for owner in sets:
                sets[owner] -= changed
            sets[(manager, "Update")] = sets.get((manager, "Update"), set()) | changed
            _store_sets(new, sets)
            self._bump(state, name, new)
            return new

    def edit(self, name: str, path: tuple[str, ...], value: Any, manager: str = "kubectl-edit") -> None:
        """Set one field, as a person does."""
        obj = copy.deepcopy(self.objects()[name])
        node = obj
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = value
        self.put(obj, manager)

    def remove(self, name: str) -> None:
        """Delete without asking."""
        with self._lock:
            state = self._load()
            del state["objects"][name]
            self._save(state)

    # --- what the reconciler calls ---

    def try_get(self, resource: Resource, name: str, namespace: str = "") -> Obj | None:
        self._call("get", resource.kind, name)
        if resource.kind == "Namespace":
            uid = self._load()["uid"] if name == "kube-system" else name
            return (
                {"metadata": {"name": name, "uid": uid}}
                if name in ("kube-system", *self.namespaces)
                else None
            )
        found = self._load()["objects"].get(f"{resource.kind}/{name}")
        return found if found is None or found["metadata"].get("namespace", "") == namespace else None

    def list(
        self, resource: Resource, namespace: str = "", *, label_selector: str | None = None, **_: Any
    ) -> Page:
        self._call("list", resource.kind, namespace)
        found = [o for o in self._load()["objects"].values() if o["kind"] == resource.kind]
        return Page([o for o in found if not namespace or o["metadata"].get("namespace") == namespace], "1")

    def create(self, resource: Resource, obj: Obj, namespace: str = "", **_: Any) -> Obj:
        self._call("create", resource.kind, obj["metadata"]["name"])
        with self._lock:
            state = self._load()
            name = f"{resource.kind}/{obj['metadata']['name']}"
            if name in state["objects"]:
                raise ApiError(409, "AlreadyExists", f"{name} already exists")
            new = copy.deepcopy(obj)
            new["metadata"] |= {"uid": str(uuid.uuid4()), "namespace": namespace}
            return self._bump(state, name, new)

    def replace(self, resource: Resource, obj: Obj, namespace: str = "", **_: Any) -> Obj:
        self._call("replace", resource.kind, obj["metadata"]["name"])
        with self._lock:
            state = self._load()
            name = f"{resource.kind}/{obj['metadata']['name']}"
            self._precondition(state["objects"][name], obj["metadata"].get("resourceVersion"))
            new = copy.deepcopy(obj)
            new["metadata"]["uid"] = state["objects"][name]["metadata"]["uid"]
            return self._bump(state, name, new)

    def patch(
        self,
        resource: Resource,
        name: str,
        patch: Obj,
        namespace: str = "",
        *,
        field_manager: str = "",
        **_: Any,
    ) -> Obj:
        self._call("patch", resource.kind, name)
        with self._lock:
            live = self._load()["objects"][f"{resource.kind}/{name}"]
            self._precondition(live, (patch.get("metadata") or {}).get("resourceVersion"))
            new = copy.deepcopy(live)
            new["spec"] |= patch.get("spec") or {}
            return self.put(new, field_manager)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        propagation: str = "Background",
        uid: str | None = None,
        resource_version: str | None = None,
        **_: Any,
    ) -> Obj:
        self._call("delete", resource.kind, name)
        with self._lock:
            state = self._load()
            live = state["objects"].get(f"{resource.kind}/{name}")
            if live is None:
                raise ApiError(404, "NotFound", f"{name} not found")
            self._precondition(live, resource_version, uid)
            del state["objects"][f"{resource.kind}/{name}"]
            if propagation != "Orphan":
                for key, obj in list(state["objects"].items()):
                    if any(
                        o.get("uid") == live["metadata"]["uid"]
                        for o in obj["metadata"].get("ownerReferences", [])
                    ):
                        del state["objects"][key]
            self._save(state)
        self._done("delete", resource.kind, name)
        return {}

    def apply(
        self,
        resource: Resource,
        obj: Obj,
        namespace: str = "",
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
        field_validation: str = "Strict",
    ) -> Obj:
        name = obj["metadata"]["name"]
        self._call("apply", resource.kind, name, dry_run)
        if resource.namespaced and namespace not in self.namespaces:
            raise ApiError(404, "NotFound", f'namespaces "{namespace}" not found')
        if "sepc" in obj or "unknownField" in (obj.get("spec") or {}):
            raise ApiError(
                500,
                "InternalError",
                "failed to create typed patch object: .spec.unknownField: field not declared in schema",
            )
        with self._lock:
            state = self._load()
            live = state["objects"].get(f"{resource.kind}/{name}")
            result, changed = self._applied(live, obj, field_manager, force)
            if dry_run or not changed:
                return result
            self._bump(state, f"{resource.kind}/{name}", result)
        self._done("apply", resource.kind, name)
        return result

    def version(self) -> Obj:
        return {"gitVersion": "v0-fake"}

    # --- inside ---

    def _applied(self, live: Obj | None, config: Obj, manager: str, force: bool) -> tuple[Obj, bool]:
        me, mine = (manager, "Apply"), self._leaves(config)
        if live is None:
            new = copy.deepcopy(config)
            new["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": TIME, "resourceVersion": "0"}
            _store_sets(new, {me: mine})
            return new, True
        self._precondition(live, config["metadata"].get("resourceVersion"), config["metadata"].get("uid"))
        sets = _sets(live)
        clashes = sorted(
            (p, owner[0])
            for p in mine
            for owner, theirs in sets.items()
            if owner != me and _get(live, p) != _get(config, p) and any(_related(p, q) for q in theirs)
        )
        if clashes and not force:
            causes = [
                {
                    "reason": "FieldManagerConflict",
                    "message": f'conflict with "{m}"',
                    "field": "." + ".".join(p),
                }
                for p, m in clashes
            ]
            raise ApiError(
                409, "Conflict", f"Apply failed with {len(causes)} conflicts", {"details": {"causes": causes}}
            )
        for path, other in clashes:
            for owner in list(sets):
                if owner[0] == other and owner != me:
                    sets[owner] = {q for q in sets[owner] if not _related(path, q)}
        new = copy.deepcopy(live)
        for path in sorted(sets.get(me, set()) - mine):
            if not any(_related(path, q) for owner, theirs in sets.items() if owner != me for q in theirs):
                _delete(new, path)
        for path in sorted(mine):
            _set(new, path, copy.deepcopy(_get(config, path)))
        before = {k: sorted(v) for k, v in _sets(live).items()}
        sets[me] = mine
        changed = {**new, "metadata": {**new["metadata"], "managedFields": 0}} != {
            **live,
            "metadata": {**live["metadata"], "managedFields": 0},
        }
        changed = changed or before != {k: sorted(v) for k, v in sets.items() if v}
        if changed:
            _store_sets(new, sets)
        return new, changed

    def _leaves(self, obj: Obj) -> set[tuple[str, ...]]:
        out: set[tuple[str, ...]] = set()

        def walk(node: Any, path: tuple[str, ...]) -> None:
            if isinstance(node, dict) and node and not (self.atomic_spec and path == ("spec",)):
                for key, value in node.items():
                    walk(value, (*path, key))
            elif path not in _IDENTITY and path[0] != "status":
                out.add(path)

        walk({k: v for k, v in obj.items() if k != "status"}, ())
        return {p for p in out if p[:2] not in _IDENTITY}

    def _precondition(self, live: Obj, version: str | None, uid: str | None = None) -> None:
        meta = live["metadata"]
        if (version and version != meta["resourceVersion"]) or (uid and uid != meta["uid"]):
            raise ApiError(
                409,
                "Conflict",
                "the object has been modified; please apply your changes to the latest version",
            )

    def _call(self, verb: str, kind: str, name: str, dry: bool = False) -> None:
        with self._lock:
            self.calls.append((verb, kind, name, dry))
            number = len(self.calls)
        if (verb, kind) in self.forbidden:
            raise ApiError(403, "Forbidden", f"{kind} is forbidden: cannot {verb}")
        error = self.before(number, verb, kind, name)
        if error is not None:
            raise error

    def _done(self, verb: str, kind: str, name: str) -> None:
        error = self.after(len(self.calls), verb, kind, name)
        if error is not None:
            raise error

    def _bump(self, state: Obj, name: str, obj: Obj) -> Obj:
        state["rv"] += 1
        obj["metadata"]["resourceVersion"] = str(state["rv"])
        state["objects"][name] = obj
        self._save(state)
        return obj

    def _load(self) -> Obj:
        with self._lock:
            return json.loads(self.path.read_text())

    def _save(self, state: Obj) -> None:
        temporary = self.path.with_suffix(".new")
        temporary.write_text(json.dumps(state))
        os.replace(temporary, self.path)


def _related(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    short = min(len(a), len(b))
    return a[:short] == b[:short]


def _get(obj: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def _set(obj: Obj, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        obj = obj.setdefault(step, {})
    obj[path[-1]] = value


def _delete(obj: Obj, path: tuple[str, ...]) -> None:
    for step in path[:-1]:
        obj = obj.get(step) or {}
    obj.pop(path[-1], None)


def _sets(obj: Obj) -> dict[tuple[str, str], set[tuple[str, ...]]]:
    out: dict[tuple[str, str], set[tuple[str, ...]]] = {}

    def walk(node: Obj, path: tuple[str, ...], into: set[tuple[str, ...]]) -> None:
        for key, value in node.items():
            if value:
                walk(value, (*path, key[2:]), into)
            else:
                into.add((*path, key[2:]))

    for entry in obj["metadata"].get("managedFields", []):
        walk(entry["fieldsV1"], (), out.setdefault((entry["manager"], entry["operation"]), set()))
    return out


def _store_sets(obj: Obj, sets: dict[tuple[str, str], set[tuple[str, ...]]]) -> None:
    entries = []
    for (manager, operation), paths in sorted(sets.items()):
        fields: Obj = {}
        for path in sorted(paths):
            _set(fields, tuple(f"f:{step}" for step in path), {})
        if fields:
            entries.append(
                {
                    "manager": manager,
                    "operation": operation,
                    "time": TIME,
                    "fieldsV1": fields,
                    "apiVersion": obj["apiVersion"],
                }
            )
    obj["metadata"]["managedFields"] = entries
