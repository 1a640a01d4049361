"""Field ownership of API objects: `metadata.managedFields`, kept by every write and decided upon by applies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from executor.cluster import crud, meta, ssa
from executor.cluster.crud import Call, Outcome, Writer
from executor.cluster.kinds import Resource
from executor.cluster.schemas import Schema, schema_of
from executor.cluster.ssa.fieldset import FieldSet, difference, paths, union
from executor.cluster.status import ApiStatus, Cause, bad_request, conflict, not_found

_TRACKED_META: Final = ("labels", "annotations", "finalizers", "ownerReferences", "generateName")
_META_SCHEMA: Final[Schema] = {
    "type": "object",
    "properties": {
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "generateName": {"type": "string"},
        "ownerReferences": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
            "items": {
                "type": "object",
                "x-kubernetes-map-type": "atomic",
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "name": {"type": "string"},
                    "uid": {"type": "string"},
                    "controller": {"type": "boolean"},
                    "blockOwnerDeletion": {"type": "boolean"},
                },
            },
        },
    },
}
_MAX_UPDATERS: Final = 10
_ANCIENT: Final = "ancient-changes"
_STATUS: Final[FieldSet] = {"f:status": {".": True}}

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_BLANK_POD: Final[Mapping[str, Any]] = {"containers": []}
_BLANK_TEMPLATE: Final[Mapping[str, Any]] = {"template": {"metadata": {}, "spec": _BLANK_POD}}
_BLANK_SPECS: Final[Mapping[str, Mapping[str, Any]]] = {
    "pods": _BLANK_POD,
    "jobs.batch": _BLANK_TEMPLATE,
    "cronjobs.batch": {"jobTemplate": {"metadata": {}, "spec": _BLANK_TEMPLATE}},
    **{
        f"{plural}.apps": _BLANK_TEMPLATE
        for plural in ("deployments", "statefulsets", "daemonsets", "replicasets")
    },
}


class Owner(NamedTuple):
    """A manager: who, by which operation, at which version, by way of which subresource."""

    manager: str
    operation: str
    api_version: str
    subresource: str


Managers = dict[Owner, FieldSet]


def read(entries: Any) -> tuple[Managers, dict[Owner, str]]:
    """Field sets and times by owner, from managedFields. ApiStatus 400 when an entry is none."""
    managers: Managers = {}
    times: dict[Owner, str] = {}
    for entry in entries or ():
        if not isinstance(entry, dict) or not isinstance(entry.get("fieldsV1", {}), dict):
            raise bad_request(
                "metadata.managedFields: an entry has manager, operation, apiVersion and fieldsV1"
            )
        owner = Owner(
            str(entry.get("manager") or ""),
            str(entry.get("operation") or "Update"),
            str(entry.get("apiVersion") or ""),
            str(entry.get("subresource") or ""),
        )
        try:
            managers[owner] = union(managers.get(owner, {}), ssa.from_fields_v1(entry.get("fieldsV1") or {}))
        except AttributeError:
            raise bad_request("metadata.managedFields: fieldsV1 is not a set of fields") from None
        times[owner] = str(entry.get("time") or "")
    return managers, times


def write(managers: Managers, before: Managers, times: Mapping[Owner, str]) -> list[dict[str, Any]]:
    """managedFields, applies first, oldest first; an owner whose fields stay the same keeps its time."""
    now = meta.timestamp()
    entries = []
    for owner, fields in managers.items():
        time = times.get(owner) if before.get(owner) == fields else None
        entry = {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            "time": time or now,
            "fieldsType": "FieldsV1",
            "fieldsV1": ssa.to_fields_v1(fields),
        }
        if owner.subresource:
            entry["subresource"] = owner.subresource
        entries.append(entry)
    entries.sort(key=lambda entry: (entry["operation"] != "Apply", entry["time"], entry["manager"]))
    return entries


def typed_schema(schema: Schema | None) -> Schema:
    """The schema of what is tracked of an object: everything but apiVersion, kind and what the server owns."""
    if schema is None:
        return {
            "type": "object",
            "properties": {"metadata": _META_SCHEMA},
            "x-kubernetes-preserve-unknown-fields": True,
        }
    return {**schema, "properties": {**(schema.get("properties") or {}), "metadata": _META_SCHEMA}}


def tracked(obj: Mapping[str, Any]) -> dict[str, Any]:
    """What is tracked of an object."""
    view = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    data = {key: obj["metadata"][key] for key in _TRACKED_META if key in (obj.get("metadata") or {})}
    if data:
        view["metadata"] = data
    return view


def _cap_updaters(managers: Managers, times: Mapping[Owner, str]) -> Managers:
    """Upstream keeps at most ten updaters apart; the oldest become one."""
    updaters = [owner for owner in managers if owner.operation == "Update"]
    if len(updaters) <= _MAX_UPDATERS:
        return managers
    updaters.sort(key=lambda owner: (owner.manager != _ANCIENT, times.get(owner) or "9", owner.manager))
    merged: FieldSet = {}
    result = dict(managers)
    for owner in updaters[: len(updaters) - _MAX_UPDATERS + 1]:
        merged = union(merged, result.pop(owner))
    last = updaters[0]
    result[Owner(_ANCIENT, "Update", last.api_version, "")] = merged
    return result


def blank(resource: Resource) -> dict[str, Any]:
    """What an object has before anybody has written anything: nobody owns these structs as such, only what is in them."""
    view: dict[str, Any] = {"metadata": {}}
    schema = None if resource.custom else schema_of(resource)
    if schema is not None and "spec" in (schema.get("properties") or {}):
        view["spec"] = dict(_BLANK_SPECS.get(resource.storage, {}))
    return view


def track_update(call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Bring managedFields up to date after a create, PUT or PATCH. A client may hand in its own: `[{}]` drops them."""
    given = obj["metadata"].pop("managedFields", None)
    kept = (old or {}).get("metadata", {}).get("managedFields")
    if given == [{}]:
        given, kept = [], []
    managers, times = read(given or kept)
    schema = typed_schema(schema_of(call.resource))
    view = tracked(obj)
    before = blank(call.resource) if old is None else tracked(old)
    owner = Owner(call.manager, "Update", call.resource.api_version, call.subresource)
    if old is not None and view == before and given in (None, kept):
        result = managers
    else:
        try:
            ignored = _STATUS if call.resource.has_status and not call.subresource else None
            result = ssa.update(schema, before, view, managers, owner, ignored)
        except ssa.TypedError:
            result = (
                managers  # the object is stored as it is, so ownership of what its schema lacks is not known
            )
    entries = write(_cap_updaters(result, times), managers, times)
    if entries:
        obj["metadata"]["managedFields"] = entries


def apply(writer: Writer, call: Call, config: dict[str, Any]) -> Outcome:
    """Server-side apply of `config`: merge, prune what the manager no longer names, refuse what others own.

    ApiStatus 409 with one cause a field when others own what would change and `call.force` is not set; 400 and 500 as
    upstream for a body that is not an apply configuration or does not fit the schema.
    """
    resource = call.resource
    for key in ("apiVersion", "kind"):
        if not config.get(key):
            raise bad_request(f"{key} must be set in an apply configuration")
    crud.check_identity(call, config)
    data = config["metadata"]
    if data.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    current = writer.store.get(*call.stored_at)
    if current is None and call.subresource:
        raise not_found(resource.plural, resource.group, call.name)
    if current is None and (data.get("uid") or data.get("resourceVersion")):
        why = f"uid mismatch: the provided object specified uid {data.get('uid')}, and no existing object was found"
        raise conflict(resource.plural, resource.group, call.name, why)
    if current is not None and data.get("uid") not in (None, current.obj["metadata"]["uid"]):
        raise conflict(resource.plural, resource.group, call.name)
    meta.tidy(config)
    live: Mapping[str, Any] = current.obj if current is not None else {"metadata": {}}
    managers, times = read(live["metadata"].get("managedFields"))
    if current is not None and not managers:
        managers = _before_first_apply(call, live)
    owner = Owner(call.manager, "Apply", resource.api_version, call.subresource)
    view = _own_side(call, tracked(config))
    schema = typed_schema(schema_of(resource))
    force = call.force or _from_client_side(call, schema, live, view, managers, owner)
    try:
        merged, result = ssa.apply(schema, tracked(live), view, managers, owner, force=force)
    except ssa.TypedError as error:
        kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
        text = f"failed to create typed patch object ({call.namespace}/{call.name}; {kind}): {error}"
        raise ApiStatus(500, "", text) from error
    except ssa.Conflict as found:
        raise _conflict(found, call) from found
    obj: dict[str, Any] = {"apiVersion": config["apiVersion"], "kind": config["kind"]}
    obj["metadata"] = {key: value for key, value in live["metadata"].items() if key not in _TRACKED_META}
    obj["metadata"] |= {"name": call.name} | ((merged or {}).get("metadata") or {})
    if data.get("resourceVersion"):
        obj["metadata"]["resourceVersion"] = data["resourceVersion"]
    obj |= {key: value for key, value in (merged or {}).items() if key != "metadata"}
    obj["metadata"]["managedFields"] = write(result, managers, times)
    call.apply = True
    if current is None:
        return crud.create(writer, call, obj)
    return crud.replace(writer, call, _copy(obj), current)


def _from_client_side(
    call: Call,
    schema: Schema,
    live: Mapping[str, Any],
    view: dict[str, Any],
    managers: Managers,
    owner: Owner,
) -> bool:
    """Whether kubectl may take what it conflicts with: all of it is in the annotation of its own client-side apply.

    Source: upstream's lastappliedmanager.go, by which `kubectl apply --server-side` goes on after `kubectl apply`.
    """
    text = (live["metadata"].get("annotations") or {}).get(_LAST_APPLIED)
    if call.manager != "kubectl" or not text:
        return False
    try:
        ssa.apply(schema, tracked(live), view, managers, owner, force=False)
    except ssa.Conflict as found:
        try:
            last = orjson.loads(text)
            if last.get("apiVersion") != call.resource.api_version:
                return False
            mine, others = owner._replace(operation="Update"), Owner("", "Update", "", "")
            before = tracked(last)
            kept = ssa.update(schema, before, tracked(live), {mine: ssa.to_set(schema, before)}, others, None)
        except (ssa.TypedError, ValueError, AttributeError, TypeError):
            return False
        allowed = kept.get(mine, {})  # what has been changed since is not the annotation's any more
        return not any(difference(fields, allowed) for fields in found.fields.values())
    except ssa.TypedError:
        pass
    return False


def _copy(obj: dict[str, Any]) -> dict[str, Any]:
    """The merged object shares parts with the stored one; what follows changes it in place."""
    copied: dict[str, Any] = orjson.loads(orjson.dumps(obj))
    return copied


def _own_side(call: Call, view: dict[str, Any]) -> dict[str, Any]:
    """Where status has a subresource, an apply of the one side says nothing about the other."""
    if not call.resource.has_status:
        return view
    if call.subresource == "status":
        return {key: value for key, value in view.items() if key == "status"}
    return {key: value for key, value in view.items() if key != "status"}


def _before_first_apply(call: Call, live: Mapping[str, Any]) -> Managers:
    """An object without owners gets one for all that it has, so that the first apply does not take it silently."""
    fields = ssa.to_set(typed_schema(schema_of(call.resource)), tracked(live))
    return {Owner("before-first-apply", "Update", call.resource.api_version, ""): fields} if fields else {}


def _conflict(found: ssa.Conflict, call: Call) -> ApiStatus:
    causes: list[Cause] = []
    for owner, fields in sorted(found.fields.items()):
        who = f'"{owner.manager}"'
        if owner.subresource:
            who += f' with subresource "{owner.subresource}"'
        if owner.operation == "Update":
            who += f" using {owner.api_version}"
        causes += [Cause("FieldManagerConflict", path, f"conflict with {who}") for path in paths(fields)]
    plural = "s" if len(causes) != 1 else ""
    text = f"Apply failed with {len(causes)} conflict{plural}: " + _summary(causes)
    listed = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    return ApiStatus(409, "Conflict", text, {"causes": listed})


def _summary(causes: list[Cause]) -> str:
    if len(causes) == 1:
        return f"{causes[0].message}: {causes[0].field}"
    by_owner: dict[str, list[str]] = {}
    for cause in causes:
        by_owner.setdefault(cause.message.replace("conflict with", "conflicts with"), []).append(cause.field)
    return "\n".join(
        f"{owner}:\n" + "\n".join(f"- {field}" for field in fields) for owner, fields in by_owner.items()
    )
