"""Create, get, update, patch and delete of one object: what upstream's registry store does.

The functions decide on the state in memory and write it in one step, with no await between, so that no other request
comes between. They return what to answer; the caller waits until it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from executor.cluster import meta
from executor.cluster.auth import User
from executor.cluster.kinds import UNSERVED_CONTROLLERS, WITHOUT_GENERATION, Registry, Resource
from executor.cluster.status import (
    already_exists,
    bad_request,
    conflict,
    forbidden,
    immutable,
    invalid,
    not_found,
    success,
)
from executor.cluster.store import Entry, Store

_NAME_TRIES: Final = 8
"""How often another name is made for a `generateName` (upstream: maxNameGenerationCreateAttempts)."""


@dataclass(slots=True)
class Call:
    """One write: on what, by whom, with which options; `warnings` go back as headers."""

    resource: Resource
    namespace: str
    name: str = ""
    subresource: str = ""
    user: User | None = None
    """Who writes; None for the server itself."""
    manager: str = "unknown"
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool = False
    apply: bool = False
    warnings: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    """What a strict reader says of fields that are in the body several times."""
    patch: Any = None
    """The patch by which a write was asked for, or what stands for it where it is refused."""

    @property
    def stored_at(self) -> tuple[str, str, str]:
        """Key of the object in the store."""
        return self.resource.storage, self.namespace, self.name


class Outcome:
    """What a request answers: an HTTP code and an object (`rv` must be on disk before it is sent)."""

    __slots__ = ("code", "entry", "obj")

    def __init__(self, code: int, obj: Mapping[str, Any], entry: Entry | None = None) -> None:
        self.code = code
        self.obj = obj
        self.entry = entry


class Hooks(Protocol):
    """What the rest of the server adds to a write."""

    def prepare(self, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
        """Check the fields, prune, fill in defaults, admit. ApiStatus when the object is refused."""

    def track(self, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
        """Bring `metadata.managedFields` of `obj` up to date."""


@dataclass(slots=True)
class Writer:
    """The store with what a write of it needs."""

    store: Store
    registry: Registry
    hooks: Hooks


def require(writer: Writer, call: Call) -> Entry:
    """The object that `call` names. ApiStatus 404 when it does not exist."""
    entry = writer.store.get(*call.stored_at)
    if entry is None:
        raise not_found(call.resource.plural, call.resource.group, call.name)
    return entry


def check_identity(call: Call, obj: dict[str, Any]) -> None:
    """Check that a body is of the kind, namespace and name of its URL; fills in what it leaves out."""
    resource = call.resource
    for key, expected in (("apiVersion", resource.api_version), ("kind", resource.kind)):
        given = obj.get(key)
        if not given:
            obj[key] = expected
        elif given != expected:
            raise bad_request(
                f"{key} in the data ({given}) does not match the expected {key} ({expected})"
                if key == "kind"
                else f"the API version in the data ({given}) does not match the expected API version ({expected})"
            )
    data = meta.metadata_of(obj)
    if resource.namespaced:
        if data.get("namespace") not in (None, "", call.namespace):
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        data["namespace"] = call.namespace
    else:
        if data.get("namespace"):
            raise bad_request("namespace is not allowed on this type")
        data.pop("namespace", None)
    if call.name and data.get("name") not in (None, "", call.name):
        raise bad_request(
            f"the name of the object ({data.get('name')}) does not match the name on the URL ({call.name})"
        )
    if call.name:
        data["name"] = call.name


def create(writer: Writer, call: Call, obj: dict[str, Any]) -> Outcome:
    """Add an object. Fields that the server owns are set; status is dropped where it has its own subresource."""
    resource = call.resource
    check_identity(call, obj)
    meta.tidy(obj)
    data = obj["metadata"]
    if data.get("resourceVersion"):
        raise bad_request("resourceVersion should not be set on objects to be created")
    for owned in (
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ):
        data.pop(owned, None)
    if not call.apply:
        data.pop("managedFields", None)
    check_namespace(writer, call)
    if resource.has_status:
        obj.pop("status", None)
    name_given = bool(data.get("name"))
    tries = 0
    if not name_given and data.get("generateName"):
        data["name"] = meta.generated_name(data["generateName"])
    while writer.store.get(resource.storage, call.namespace, data.get("name") or "") is not None:
        tries += 1
        if name_given or tries == _NAME_TRIES:
            raise already_exists(resource.plural, resource.group, data["name"])
        data["name"] = meta.generated_name(data["generateName"])
    call.name = data.get("name") or ""
    data["uid"] = meta.new_uid()
    data["creationTimestamp"] = meta.timestamp()
    if resource.storage not in WITHOUT_GENERATION:
        data["generation"] = 1
    writer.hooks.prepare(call, obj, None)
    causes = meta.name_causes(resource, call.name) + meta.metadata_causes(data)
    if causes:
        raise invalid(resource.kind, resource.group, call.name, causes)
    if resource.storage in UNSERVED_CONTROLLERS:
        call.warnings.append(
            f"{resource.kind} objects are stored, but nothing in this embedded cluster acts upon them"
        )
    writer.hooks.track(call, obj, None)
    if call.dry_run:
        return Outcome(201, obj)
    entry = writer.store.put(*call.stored_at, obj)
    return Outcome(201, obj, entry)


def check_namespace(writer: Writer, call: Call) -> None:
    """The namespace of a new object must exist and not be on its way out."""
    resource = call.resource
    if not resource.namespaced:
        return
    namespace = writer.store.get("namespaces", "", call.namespace)
    if namespace is None:
        raise not_found("namespaces", "", call.namespace)
    if namespace.obj["metadata"].get("deletionTimestamp"):
        failure = forbidden(
            resource.plural,
            resource.group,
            call.name,
            f"unable to create new content in namespace {call.namespace} because it is being terminated",
        )
        assert failure.details is not None
        failure.details["causes"] = [
            {
                "reason": "NamespaceTerminating",
                "message": f"namespace {call.namespace} is being terminated",
                "field": "metadata.namespace",
            }
        ]
        raise failure


def replace(writer: Writer, call: Call, obj: dict[str, Any], current: Entry) -> Outcome:
    """Put `obj` in the place of `current`: preconditions, fields that may not change, generation, finalizers.

    A write that changes nothing is answered with the object as it is and leaves no trace.
    """
    resource = call.resource
    check_identity(call, obj)
    old = current.obj
    meta.tidy(obj)
    data, before = obj["metadata"], old["metadata"]
    if data.get("resourceVersion") not in (None, before["resourceVersion"]):
        raise conflict(resource.plural, resource.group, call.name)
    if data.get("uid") not in (None, before["uid"]):
        raise conflict(
            resource.plural,
            resource.group,
            call.name,
            f"Precondition failed: UID in precondition: {data['uid']}, UID in object meta: {before['uid']}",
        )
    keep_owned_fields(data, before)
    _keep_other_side(call, obj, old)
    if before.get("deletionTimestamp") and set(data.get("finalizers", ())) - set(
        before.get("finalizers", ())
    ):
        new = sorted(set(data["finalizers"]) - set(before.get("finalizers", ())))
        why = f"no new finalizers can be added if the object is being deleted, found new finalizers {new}"
        raise invalid(
            resource.kind,
            resource.group,
            call.name,
            [
                immutable("metadata.finalizers", why)._replace(
                    message=f"Forbidden: {why}", reason="FieldValueForbidden"
                )
            ],
        )
    writer.hooks.prepare(call, obj, old)
    causes = meta.metadata_causes(data)
    if causes:
        raise invalid(resource.kind, resource.group, call.name, causes)
    if "generation" in before:
        changed = _spec_differs(resource, obj, old)
        data["generation"] = before["generation"] + (1 if changed else 0)
    writer.hooks.track(call, obj, old)
    data["resourceVersion"] = before["resourceVersion"]
    if obj == old:
        return Outcome(200, old, current)
    if call.dry_run:
        return Outcome(200, obj)
    if is_finished_deletion(obj):
        put = writer.store.put(*call.stored_at, obj)
        writer.store.delete(*call.stored_at)
        return Outcome(200, obj, put)
    return Outcome(200, obj, writer.store.put(*call.stored_at, obj))


def keep_owned_fields(data: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Fields of metadata that no client changes."""
    for owned in (
        "name",
        "generateName",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
    ):
        if owned in before:
            data[owned] = before[owned]
        else:
            data.pop(owned, None)


def _keep_other_side(call: Call, obj: dict[str, Any], old: Mapping[str, Any]) -> None:
    """A write of the main resource leaves status alone, a write of /status leaves everything else alone."""
    if call.subresource == "status":
        status = obj.get("status")
        fields = obj["metadata"].get("managedFields")
        obj_meta = dict(old["metadata"])
        if fields is not None:
            obj_meta["managedFields"] = fields
        for key in list(obj):
            del obj[key]
        obj.update({key: value for key, value in old.items() if key not in ("status", "metadata")})
        obj["metadata"] = obj_meta
        if status is not None:
            obj["status"] = status
    elif call.subresource == "" and call.resource.has_status:
        if "status" in old:
            obj["status"] = old["status"]
        else:
            obj.pop("status", None)


def _spec_differs(resource: Resource, obj: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    ignored = {"metadata", "apiVersion", "kind"} | ({"status"} if resource.has_status else set())
    keys = (set(obj) | set(old)) - ignored
    return any(obj.get(key) != old.get(key) for key in keys)


def is_finished_deletion(obj: Mapping[str, Any]) -> bool:
    """Whether an object that was marked for deletion has nothing left to wait for."""
    data = obj["metadata"]
    if not data.get("deletionTimestamp") or data.get("finalizers"):
        return False
    if obj.get("kind") == "Namespace":
        return not (obj.get("spec") or {}).get("finalizers")
    return bool(data.get("deletionGracePeriodSeconds", 0) == 0)


def update(writer: Writer, call: Call, obj: dict[str, Any]) -> Outcome:
    """PUT. ApiStatus 404 when the object does not exist."""
    return replace(writer, call, obj, require(writer, call))


def patch(writer: Writer, call: Call, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Outcome:
    """Change an object by `change`, a function from its copy to the new object."""
    current = require(writer, call)
    return replace(writer, call, change(current.copy()), current)


@dataclass(slots=True)
class DeleteOptions:
    """How to delete: seconds of grace (None: the object's own), what becomes of dependents, and preconditions."""

    grace: int | None = None
    propagation: str = "Background"
    uid: str | None = None
    resource_version: str | None = None


def delete_options(body: Mapping[str, Any], query: Mapping[str, str]) -> DeleteOptions:
    """DeleteOptions from a request's body and query. ApiStatus 422 for a propagation policy that does not exist."""
    options = DeleteOptions()
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    if grace is not None:
        try:
            options.grace = min(max(0, int(grace)), 2**31)
        except (TypeError, ValueError, OverflowError):
            raise bad_request(f"gracePeriodSeconds: {grace!r} is not a number of seconds") from None
    policy = body.get("propagationPolicy") or query.get("propagationPolicy")
    orphan = body.get("orphanDependents", query.get("orphanDependents"))
    if policy is None and orphan is not None:
        policy = "Orphan" if orphan in (True, "true") else "Background"
    if policy not in (None, "Background", "Foreground", "Orphan"):
        raise invalid(
            "DeleteOptions",
            "",
            "",
            [
                immutable("propagationPolicy")._replace(
                    message=f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
                )
            ],
        )
    options.propagation = policy or "Background"
    conditions = body.get("preconditions") or {}
    options.uid, options.resource_version = conditions.get("uid"), conditions.get("resourceVersion")
    return options


def check_preconditions(call: Call, current: Entry, options: DeleteOptions) -> None:
    """ApiStatus 409 when the object is not the one that the client means."""
    data = current.obj["metadata"]
    resource = call.resource
    if options.uid and options.uid != data["uid"]:
        why = f"Precondition failed: UID in precondition: {options.uid}, UID in object meta: {data['uid']}"
        raise conflict(resource.plural, resource.group, call.name, why)
    if options.resource_version and options.resource_version != data["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {options.resource_version},"
            f" ResourceVersion in object meta: {data['resourceVersion']}"
        )
        raise conflict(resource.plural, resource.group, call.name, why)


_GC_FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}


def grace_of(obj: Mapping[str, Any], options: DeleteOptions) -> int:
    """Seconds that a pod gets to end. A pod that never started or has ended needs none."""
    phase = (obj.get("status") or {}).get("phase", "Pending")
    spec = obj.get("spec") or {}
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    if options.grace is not None:
        return options.grace
    return int(spec.get("terminationGracePeriodSeconds", 30))


def delete(writer: Writer, call: Call, options: DeleteOptions) -> Outcome:
    """DELETE: at once, or, with finalizers, grace or a garbage-collection policy to follow, by marking the object."""
    current = require(writer, call)
    check_preconditions(call, current, options)
    resource = call.resource
    obj = current.copy()
    data = obj["metadata"]
    marked_before = "deletionTimestamp" in data
    finalizers = [name for name in data.get("finalizers", ()) if name not in _GC_FINALIZERS.values()]
    if options.propagation in _GC_FINALIZERS:
        finalizers.append(_GC_FINALIZERS[options.propagation])
    elif marked_before:
        finalizers = list(data.get("finalizers", ()))
    if finalizers != data.get("finalizers", []):
        if finalizers:
            data["finalizers"] = finalizers
        else:
            del data["finalizers"]
    grace = grace_of(obj, options) if resource.storage == "pods" else 0
    if marked_before:
        grace = min(grace, data.get("deletionGracePeriodSeconds", 0))
    is_namespace = resource.storage == "namespaces"
    if is_namespace and call.name in ("default", "kube-system"):
        raise forbidden("namespaces", "", call.name, "this namespace may not be deleted")
    waits = bool(finalizers) or grace > 0 or (is_namespace and (obj.get("spec") or {}).get("finalizers"))
    if not waits:
        if call.dry_run:
            return Outcome(200, deleted_answer(resource, current.obj))
        last = writer.store.delete(*call.stored_at)
        return Outcome(200, deleted_answer(resource, last.obj), last)
    if not marked_before and "generation" in data:
        data["generation"] += 1
    if not marked_before or grace < data.get("deletionGracePeriodSeconds", 0):
        # Upstream: the time at which the object is expected to be gone, not that of the request.
        data["deletionTimestamp"] = meta.timestamp(datetime.now(UTC) + timedelta(seconds=grace))
    data["deletionGracePeriodSeconds"] = grace
    if is_namespace:
        obj.setdefault("status", {})["phase"] = "Terminating"
    if call.dry_run or obj == current.obj:
        return Outcome(200, obj, None if call.dry_run else current)
    return Outcome(200, obj, writer.store.put(*call.stored_at, obj))


def deleted_answer(resource: Resource, obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """What DELETE answers once the object is gone: pods answer with themselves, all others with a Status."""
    if resource.storage in ("pods", "serviceaccounts", "persistentvolumeclaims"):
        return obj
    details = {"name": obj["metadata"]["name"]}
    if resource.group:
        details["group"] = resource.group
    return success({**details, "kind": resource.plural, "uid": obj["metadata"]["uid"]})
