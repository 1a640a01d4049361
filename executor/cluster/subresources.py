"""Subresources and reviews: requests that are not plain reads and writes of an object."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import budgets, crud, meta, podlogs, podstreams, scale
from executor.cluster.admission import check_types
from executor.cluster.auth import User
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, object_body, parse_body
from executor.cluster.routes import STREAMS, Target
from executor.cluster.schemas import definition
from executor.cluster.status import (
    ApiStatus,
    bad_request,
    conflict,
    invalid,
    invalid_value,
    method_not_allowed,
    no_such_path,
    not_found,
)
from executor.cluster.store import Entry

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_MIN_TOKEN_SECONDS: Final = 600
_MAX_TOKEN_SECONDS: Final = 2**32
_MOST: Final = 2**63 - 1
_DEFAULT_TOKEN_SECONDS: Final = 3600


async def handle(cluster: Cluster, request: Request, target: Target, user: User) -> Response:
    """Answer a request for a subresource other than status."""
    handler = _SUBRESOURCES.get((target.resource.storage, target.subresource))
    if target.subresource == "scale":
        handler = (("GET", "PUT", "PATCH"), scale.handle)
    if handler is None and target.subresource == "proxy":
        raise ApiStatus(501, "NotImplemented", _NO_PROXY)
    if handler is None:
        raise no_such_path()
    methods, function = handler
    if request.method not in methods:
        raise method_not_allowed()
    entry = cluster.store.get(target.resource.storage, target.namespace or "", target.name)
    if entry is None:
        raise not_found(target.resource.plural, target.resource.group, target.name)
    return await function(cluster, request, target, entry)


_NO_PROXY: Final = "pods/proxy is not served by this embedded cluster: use kubectl port-forward, or connect to the pod's port on 127.0.0.1"


def _call(target: Target, request: Request) -> Call:
    return Call(
        target.resource,
        target.namespace or "",
        target.name,
        manager=request.query.get("fieldManager") or "unknown",
        dry_run=request.query.get("dryRun") == "All",
        warnings=request.warnings,
    )


# ---- logs


def _status_of(pod: Mapping[str, Any], container: str) -> Mapping[str, Any] | None:
    status = pod.get("status") or {}
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for found in status.get(field) or ():
            if found.get("name") == container:
                return dict(found)
    return None


def _names(spec: Mapping[str, Any], field: str) -> list[str]:
    return [str(container.get("name")) for container in spec.get(field) or ()]


def choose_container(pod: Mapping[str, Any], wanted: str) -> str:
    """The container whose log is meant. ApiStatus 400 when it is not clear or does not exist."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    main, init = _names(spec, "containers"), _names(spec, "initContainers")
    ephemeral = _names(spec, "ephemeralContainers")
    if wanted:
        if wanted not in (*main, *init, *ephemeral):
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(main) == 1:
        return main[0]
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(main)}]"
    if init:
        text += f" or one of the init containers: [{' '.join(init)}]"
    raise bad_request(text)


def log_options(query: Mapping[str, str]) -> podlogs.LogOptions:
    """The options of a log request. ApiStatus 400 or 422 for values that cannot be read."""

    def number(key: str, least: int = 0) -> int | None:
        text = query.get(key)
        if not text:
            return None
        try:
            value = int(text)
        except ValueError:
            raise bad_request(f"{key}: {text[:200]!r} is not a number") from None
        value = min(value, _MOST)
        if value < least:
            raise invalid(
                "PodLogOptions",
                "",
                "",
                [invalid_value(key, value, f"must be greater than or equal to {least}")],
            )
        return value

    since = query.get("sinceTime") or ""
    seconds = number("sinceSeconds", 1)
    if seconds is not None and seconds < time.time():
        since = meta.timestamp(datetime.now(UTC) - timedelta(seconds=seconds))
    stream = {"Stdout": "stdout", "Stderr": "stderr"}.get(query.get("stream") or "", "")
    timestamps = query.get("timestamps") in ("true", "1")
    return podlogs.LogOptions(number("tailLines"), since, timestamps, number("limitBytes", 1), stream)


async def _log(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    query = request.query
    pod = entry.obj
    container = choose_container(pod, query.get("container") or "")
    options = log_options(query)
    previous = query.get("previous") in ("true", "1")
    data = pod["metadata"]
    path = podlogs.log_path(
        cluster.data, data["namespace"], data["name"], data["uid"], container, previous=previous
    )
    if previous and not path.exists():
        raise bad_request(f'previous terminated container "{container}" in pod "{data["name"]}" not found')
    if not path.exists():
        _refuse_waiting(pod, container)
        if not pod["spec"].get("nodeName"):
            return Response(204, content_type="text/plain")  # nobody to ask yet
    if query.get("follow") not in ("true", "1") or previous:
        return Response(200, podlogs.read(path, options), "text/plain")

    def ended() -> bool:
        return cluster.closing or podstreams.podlogs_ended(cluster, entry, container)

    return Response(200, content_type="text/plain", stream=podlogs.follow(path, options, ended))


def _refuse_waiting(pod: Mapping[str, Any], container: str) -> None:
    """ApiStatus 400 for the log of a container that has not started."""
    if not pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase", "Pending") == "Pending":
        return
    status = _status_of(pod, container)
    state = (status or {}).get("state") or {}
    if status is None or "waiting" in state:
        reason = (state.get("waiting") or {}).get("reason") or "ContainerCreating"
        name = pod["metadata"]["name"]
        raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


# ---- pods: exec, attach, port-forward; binding, eviction


async def _streaming(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    return podstreams.over_spdy(cluster, request, target, entry)


async def _binding(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    body = object_body(parse_body(request, cluster.decode_protobuf))
    if (body.get("metadata") or {}).get("name") != target.name:
        raise bad_request("name in URL does not match name in Binding object")
    node = (body.get("target") or {}).get("name") or ""
    if not node:
        raise bad_request("target.name: a binding names the node")
    if entry.obj["spec"].get("nodeName"):
        why = f'pod {target.name} is already assigned to node "{entry.obj["spec"]["nodeName"]}"'
        raise conflict("pods/binding", "", target.name, why)

    def assign(pod: dict[str, Any]) -> dict[str, Any]:
        pod["spec"]["nodeName"] = node
        return pod

    crud.patch(cluster.writer, _call(target, request), assign)
    await cluster.store.settled()
    return json_response(201, _SUCCESS)


_SUCCESS: Final = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def _eviction(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    body = object_body(parse_body(request, cluster.decode_protobuf))
    if budget := budgets.exhausted(cluster.store, entry.obj):
        raise ApiStatus(
            429,
            "TooManyRequests",
            "Cannot evict pod as it would violate the pod's disruption budget.",
            {
                "causes": [
                    {
                        "reason": "DisruptionBudget",
                        "message": f"The disruption budget {budget} needs the pod for now",
                    }
                ]
            },
        )
    call = _call(target, request)
    crud.delete(cluster.writer, call, crud.delete_options(body.get("deleteOptions") or {}, {}))
    await cluster.store.settled()
    return json_response(201, _SUCCESS)


# ---- namespaces, service accounts


async def _finalize(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    body = object_body(parse_body(request, cluster.decode_protobuf))
    cluster.finalize_namespace(entry, (body.get("spec") or {}).get("finalizers") or [])
    await cluster.store.settled()
    return json_response(200, body)


async def _token(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    body = object_body(parse_body(request, cluster.decode_protobuf))
    check_types(target.resource, definition("io.k8s.api.authentication.v1.TokenRequest"), body)
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds") or _DEFAULT_TOKEN_SECONDS
    why = ""
    if seconds < _MIN_TOKEN_SECONDS:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > _MAX_TOKEN_SECONDS:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        causes = [invalid_value("spec.expirationSeconds", seconds, why)]
        raise invalid("TokenRequest", "authentication.k8s.io", "", causes)
    bound: dict[str, dict[str, str]] = {}
    reference = spec.get("boundObjectRef")
    if reference:
        kind = str(reference.get("kind"))
        holder = cluster.store.get(
            {"Pod": "pods", "Secret": "secrets"}.get(kind, ""),
            entry.obj["metadata"]["namespace"],
            str(reference.get("name")),
        )
        if holder is None:
            raise not_found(kind.lower() + "s", "", str(reference.get("name")))
        bound[kind.lower()] = {"name": reference["name"], "uid": holder.obj["metadata"]["uid"]}
    token, expires = cluster.auth.issue(
        entry.obj, seconds=seconds, audiences=spec.get("audiences"), bound=bound
    )
    answer = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": target.name,
            "namespace": target.namespace,
            "creationTimestamp": meta.timestamp(),
        },
        "spec": {**spec, "expirationSeconds": seconds},
        "status": {
            "token": token,
            "expirationTimestamp": meta.timestamp(datetime.fromtimestamp(expires, UTC)),
        },
    }
    return json_response(201, answer)


_Handler = Callable[["Cluster", Request, Target, Entry], Awaitable[Response]]

_SUBRESOURCES: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], _Handler]]] = {
    ("pods", "log"): (("GET",), _log),
    **{("pods", name): (("GET", "POST"), _streaming) for name in STREAMS},
    ("pods", "binding"): (("POST",), _binding),
    ("pods", "eviction"): (("POST",), _eviction),
    ("namespaces", "finalize"): (("PUT",), _finalize),
    ("serviceaccounts", "token"): (("POST",), _token),
}
