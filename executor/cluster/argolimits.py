"""`/api/v1/sync/{namespace}/{key}` of argo-server: the limits of semaphores, which are keys of ConfigMaps.

Upstream: server/sync/sync_cm.go. Limits in a database are not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import crud
from executor.cluster.argorights import authorize
from executor.cluster.auth import User
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, object_body, parse_json
from executor.cluster.status import ApiStatus, bad_request, method_not_allowed, no_such_path, not_found

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

ROOT: Final = "sync"
_MOST: Final = 2**31 - 1


async def respond(cluster: Cluster, request: Request, parts: list[str], user: User) -> Response:
    """Answer a request; `parts` is the path behind /api/v1. ApiStatus when it fails."""
    if len(parts) not in (2, 3):
        raise no_such_path()
    given: dict[str, Any] = dict(request.query)
    if request.body.strip():
        given |= object_body(parse_json(request.body))
    namespace, key = parts[1], parts[2] if len(parts) == 3 else _text(given, "key")
    if given.get("type") not in (None, "", 0, "0", "CONFIGMAP"):
        raise bad_request(f"unsupported sync config type: {given['type']}")
    name = _text(given, "cmName")
    if not name or not key:
        raise bad_request("cmName and key are required")
    wanted = {"POST": 2, "GET": 3, "PUT": 3, "DELETE": 3}.get(request.method)
    if wanted != len(parts):
        raise method_not_allowed()
    resource = cluster.registry.find("", "v1", "configmaps")
    assert resource is not None
    call = Call(resource, namespace, name, user=user, manager="argo-server")
    authorize(cluster, user, "get", "configmaps", namespace, name, group="")
    entry = cluster.store.get(*call.stored_at)
    data: Mapping[str, Any] = (entry.obj.get("data") or {}) if entry is not None else {}
    if request.method == "POST":
        limit = _limit(given)
        if key in data:
            raise ApiStatus(409, "AlreadyExists", "sync limit cannot be created as it already exists")
        if entry is None:
            authorize(cluster, user, "create", "configmaps", namespace, group="")
            fresh = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name},
                "data": {key: str(limit)},
            }
            crud.create(cluster.writer, call, fresh)
        else:
            _change(cluster, user, call, key, str(limit))
    elif entry is None:
        raise not_found("configmaps", "", name)
    elif request.method == "DELETE":
        _change(cluster, user, call, key, None)
        await cluster.store.settled()
        return json_response(200, {})
    elif key not in data:
        create = " - please create it first" if request.method == "PUT" else ""
        raise ApiStatus(404, "NotFound", f"key {key} not found in configmap {namespace}/{name}{create}")
    elif request.method == "PUT":
        limit = _limit(given)
        _change(cluster, user, call, key, str(limit))
    else:
        text = str(data[key])
        if not text.lstrip("-").isdecimal():
            raise bad_request(f"invalid limit format for key {key} in configmap {namespace}/{name}")
        limit = int(text)
    await cluster.store.settled()
    return json_response(200, {"namespace": namespace, "cmName": name, "key": key, "limit": limit})


def _text(given: Mapping[str, Any], field: str) -> str:
    found = given.get(field) or ""
    if not isinstance(found, str):
        raise bad_request(f"{field}: must be a string")
    return found


def _limit(given: Mapping[str, Any]) -> int:
    found = given.get("limit")
    if not isinstance(found, int) or isinstance(found, bool) or not 0 < found <= _MOST:
        raise bad_request("limit must be greater than zero")
    return found


def _change(cluster: Cluster, user: User, call: Call, key: str, value: str | None) -> None:
    """Set a key of the ConfigMap, or take it away."""
    authorize(cluster, user, "update", "configmaps", call.namespace, call.name, group="")

    def apply(obj: dict[str, Any]) -> dict[str, Any]:
        data = {**(obj.get("data") or {}), key: value}
        obj["data"] = {name: text for name, text in data.items() if text is not None}
        return obj

    crud.patch(cluster.writer, call, apply)
