"""`/api/v1/stream/sensors/{namespace}/logs` and `event-sources`: what the pods of Argo Events have logged.

A line is an entry with what it says itself, if it is JSON, over the pod's namespace and name. Upstream: server/sensor, server/eventsource.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from executor.cluster import podlogs, subresources
from executor.cluster.argorights import authorize
from executor.cluster.auth import User
from executor.cluster.http import Request
from executor.cluster.status import bad_request

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_ENTRY: Final = ("namespace", "level", "time", "msg")


class Kind(NamedTuple):
    """How the pods of a kind are labelled, and what an entry says beside the text."""

    label: str
    name: str
    filters: tuple[str, ...]
    more: tuple[str, ...] = ()


KINDS: Final[Mapping[str, Kind]] = {
    "sensors": Kind("sensor-name", "sensorName", ("triggerName",), ("dependencyName", "eventContext")),
    "eventsources": Kind("eventsource-name", "eventSourceName", ("eventSourceType", "eventName")),
}


def lines(
    cluster: Cluster, request: Request, plural: str, namespace: str, user: User
) -> AsyncIterator[bytes]:
    """The entries as JSON lines; followed as long as the pods run, if asked for. ApiStatus when the request is bad."""
    kind, query = KINDS[plural], request.query
    authorize(cluster, user, "list", "pods", namespace, group="")
    authorize(cluster, user, "get", "pods", namespace, group="", subresource="log")
    try:
        grep = re.compile(query.get("grep") or "")
    except re.error as error:
        raise bad_request(f"grep: not a regular expression: {error}") from error
    prefix = "podLogOptions."
    chosen = {key.removeprefix(prefix): value for key, value in query.items() if key.startswith(prefix)}
    options = subresources.log_options(chosen)
    pods = [
        entry.obj
        for entry in cluster.store.items("pods", namespace)
        if _concerns(entry.obj, kind, query.get("name") or "")
    ]
    filters = {field: query[field] for field in kind.filters if query.get(field)}
    follow = chosen.get("follow") in ("true", "1")

    async def read() -> AsyncIterator[bytes]:
        for pod in pods:
            data = pod["metadata"]
            container = chosen.get("container") or str(pod["spec"]["containers"][0]["name"])
            path = podlogs.log_path(cluster.data, data["namespace"], data["name"], data["uid"], container)
            chunks = (
                podlogs.follow(path, options, lambda pod=pod: _over(cluster, pod))
                if follow
                else _once(path, options)
            )
            rest = b""
            async for chunk in chunks:
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if grep.search(line.decode(errors="replace")):
                        yield _entry(cluster, pod, kind, line, filters)

    return read()


async def _once(path: Any, options: podlogs.LogOptions) -> AsyncIterator[bytes]:
    yield await asyncio.to_thread(podlogs.read, path, options)


def _concerns(pod: Mapping[str, Any], kind: Kind, name: str) -> bool:
    found = (pod["metadata"].get("labels") or {}).get(kind.label)
    return found is not None and name in ("", found)


def _over(cluster: Cluster, pod: Mapping[str, Any]) -> bool:
    data = pod["metadata"]
    entry = cluster.store.get("pods", data["namespace"], data["name"])
    if cluster.closing or entry is None or entry.obj["metadata"]["uid"] != data["uid"]:
        return True
    return (entry.obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _entry(
    cluster: Cluster, pod: Mapping[str, Any], kind: Kind, line: bytes, filters: Mapping[str, str]
) -> bytes:
    """A line of the answer; nothing when it is of something else than was asked for."""
    data = pod["metadata"]
    entry: dict[str, Any] = {
        "namespace": data["namespace"],
        kind.name: data["labels"][kind.label],
        "level": "info",
        "time": cluster.now(),
        "msg": line.decode(errors="replace"),
    }
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        said = None
    if isinstance(said, dict):
        known = (*_ENTRY, kind.name, *kind.filters, *kind.more)
        entry |= {key: said[key] for key in known if isinstance(said.get(key), str)}
    if any(entry.get(field) != value for field, value in filters.items()):
        return b""
    return orjson.dumps({"result": entry}) + b"\n"
