"""One stored object, read at the version that the client asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from executor.cluster.kinds import Resource
from executor.cluster.store import Entry


def stored_version(resource: Resource) -> str | None:
    """None when every object of the resource is stored at the resource's own version; the resource's version otherwise."""
    return resource.api_version if resource.storage == "events" or resource.custom else None


def as_version(resource: Resource, obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object at the resource's version. Versions of a CRD differ in apiVersion alone (conversion strategy None)."""
    if obj.get("apiVersion") == resource.api_version:
        return obj
    changed = {**obj, "apiVersion": resource.api_version}
    if resource.storage == "events":
        return _events_v1(changed) if resource.group else _core_event(changed)
    return changed


def entry_as(resource: Resource, entry: Entry) -> Entry:
    """The stored object at the resource's version."""
    if entry.api_version == resource.api_version:
        return entry
    obj = as_version(resource, entry.obj)
    return Entry(obj, orjson.dumps(obj), entry.rv)


def raw_as(resource: Resource, entry: Entry) -> bytes:
    """The JSON of the object at the resource's version."""
    return entry_as(resource, entry).raw


_RENAMED = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_BACK = {new: old for old, new in _RENAMED.items()}


def _events_v1(obj: dict[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(key, key): value for key, value in obj.items()}


def _core_event(obj: dict[str, Any]) -> dict[str, Any]:
    return {_BACK.get(key, key): value for key, value in obj.items()}


def to_storage(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """What is stored of an object given at this version: events are kept as core/v1."""
    if resource.storage == "events" and resource.group:
        return {**_core_event(obj), "apiVersion": "v1"}
    return obj
