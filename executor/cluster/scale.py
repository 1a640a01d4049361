"""The `scale` subresource: how many replicas an object asks for and has, in the same form for every kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from executor.cluster import crud, patches
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, object_body, parse_body, parse_json
from executor.cluster.kinds import Resource
from executor.cluster.routes import PATCH_TYPES, Target
from executor.cluster.status import (
    bad_request,
    conflict,
    invalid,
    invalid_value,
    no_such_path,
    unsupported_media_type,
)
from executor.cluster.store import Entry

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


class _Paths(NamedTuple):
    """Where an object keeps what a Scale says."""

    wanted: tuple[str, ...]
    running: tuple[str, ...]
    selector: tuple[str, ...]


def _paths(cluster: Cluster, resource: Resource) -> _Paths:
    if not resource.custom:
        return _Paths(("spec", "replicas"), ("status", "replicas"), ())
    definition = cluster.store.get(_CRDS, "", resource.storage)
    versions = (definition.obj["spec"].get("versions") or ()) if definition is not None else ()
    for version in versions:
        scale = (version.get("subresources") or {}).get("scale")
        if version.get("name") == resource.version and scale:
            return _Paths(
                *(
                    tuple(part for part in str(scale.get(key) or "").split(".") if part)
                    for key in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
                )
            )
    raise no_such_path()


def _at(obj: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    node: Any = obj if path else None
    for part in path:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def _scale_of(obj: Mapping[str, Any], paths: _Paths) -> dict[str, Any]:
    data = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: dict[str, Any] = {"replicas": _at(obj, paths.running) or 0}
    selector = _at(obj, paths.selector)
    if selector is None and not paths.selector:
        labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    if selector:
        status["selector"] = str(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: data[key] for key in kept if key in data},
        "spec": {"replicas": _at(obj, paths.wanted) or 0},
        "status": status,
    }


async def handle(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    """GET, PUT and PATCH of the Scale of an object. ApiStatus as for the object itself."""
    paths = _paths(cluster, target.resource)
    scale = _scale_of(entry.obj, paths)
    if request.method == "GET":
        await cluster.store.settled(entry.rv)
        return json_response(200, scale)
    if request.method == "PATCH":
        kind = PATCH_TYPES.get(request.content_type)
        data = parse_json(request.body)
        if kind == "json":
            wanted = patches.json_patch(scale, data)
        elif kind in ("merge", "strategic") and isinstance(data, dict):
            wanted = patches.merge_patch(scale, data)
        else:
            raise unsupported_media_type(["application/json-patch+json", "application/merge-patch+json"])
    else:
        wanted = object_body(parse_body(request, cluster.decode_protobuf))
    replicas = (wanted.get("spec") or {}).get("replicas") or 0
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise bad_request(f"spec.replicas: {replicas!r} is not a number")
    if replicas < 0:
        cause = invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid("Scale", "autoscaling", target.name, [cause])
    version = (wanted.get("metadata") or {}).get("resourceVersion")
    if version and version != entry.obj["metadata"]["resourceVersion"]:
        raise conflict(target.resource.plural, target.resource.group, target.name)
    call = Call(
        target.resource,
        target.namespace or "",
        target.name,
        manager=(request.query.get("fieldManager") or "unknown")[:128],
        dry_run=request.query.get("dryRun") == "All",
        warnings=request.warnings,
    )

    def change(obj: dict[str, Any]) -> dict[str, Any]:
        node = obj
        for part in paths.wanted[:-1]:
            below = node.setdefault(part, {})
            if not isinstance(below, dict):
                raise bad_request(f"{'.'.join(paths.wanted)}: there is no such field to set")
            node = below
        node[paths.wanted[-1]] = replicas
        return obj

    outcome = crud.patch(cluster.writer, call, change)
    await cluster.store.settled()
    return json_response(200, _scale_of(outcome.obj, paths))
