"""Streaming requests about pods: `exec`, `attach` and `portforward`, over SPDY/3.1 and over WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import orjson

from executor.cluster import execproxy, execwire, podattach, podlogs, portforward, streaming
from executor.cluster.execproxy import Query, flag
from executor.cluster.http import Receive, Request, Response, Scope, Send
from executor.cluster.routes import Target
from executor.cluster.status import ApiStatus, bad_request
from executor.cluster.store import Entry
from executor.cluster.streaming import Channels

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


class _Session(NamedTuple):
    """What a client asks for: the channels that it will open, and what to do with them."""

    channels: set[int]
    serve: Callable[[Channels], Awaitable[None]]


def query_of(raw: bytes) -> Query:
    """The parameters of a query, each with all its values."""
    return parse_qs(raw.decode("latin-1"), keep_blank_values=True)


def over_spdy(cluster: Cluster, request: Request, target: Target, entry: Entry) -> Response:
    """The answer to a request that is authorized. ApiStatus 400 when it does not ask for SPDY, 403 for a wrong protocol."""
    if request.headers.get("upgrade", "").lower() != "spdy/3.1":
        raise bad_request("Upgrade request required")
    offers = request.headers.get("x-stream-protocol-version", "")
    forwards = target.subresource == "portforward"
    protocol = streaming.FORWARD_PROTOCOL if forwards else streaming.SPDY_PROTOCOL
    if protocol not in [offer.strip() for offer in offers.split(",")]:
        message = f"unable to upgrade: the client speaks [{offers}], the server {protocol}"
        raise ApiStatus(403, "Forbidden", message)
    headers = {"upgrade": "SPDY/3.1", "x-stream-protocol-version": protocol}
    session = None if forwards else _session(cluster, query_of(request.raw_query), target, entry)
    if forwards:
        _check_running(entry)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = streaming.SpdyLink(streaming.SocketLink(reader, writer))
        with contextlib.suppress(OSError):
            if session is None:
                await portforward.serve(link)
                await link.close()
            elif (channels := await streaming.spdy_channels(link, session.channels)) is not None:
                await session.serve(channels)
                await channels.close()

    return Response(101, headers=headers, upgrade=serve)


async def over_websocket(
    cluster: Cluster, scope: Scope, receive: Receive, send: Send, target: Target, entry: Entry
) -> None:
    """Serve a WebSocket of an authorized request. ApiStatus before it is accepted."""
    query = query_of(scope.get("query_string", b""))
    channels = streaming.WebSocketChannels(receive, send)
    if target.subresource == "portforward":
        _check_running(entry)
        known = (streaming.TUNNEL_PROTOCOL, "v4.channel.k8s.io")
        protocol = streaming.offered(scope, known, "port-forward")
        ports = [portforward.port_number(port) for text in query.get("ports", ()) for port in text.split(",")]
        await send({"type": "websocket.accept", "subprotocol": protocol})
        with contextlib.suppress(OSError, RuntimeError):
            if protocol == streaming.TUNNEL_PROTOCOL:
                link = streaming.SpdyLink(streaming.WebSocketLink(receive, send))
                await portforward.serve(link)
                await link.close()
            else:
                await portforward.serve_channels(ports, channels)
                await channels.close()
        return
    protocol = streaming.offered(scope, streaming.CHANNEL_PROTOCOLS, target.subresource)
    session = _session(cluster, query, target, entry)
    await send({"type": "websocket.accept", "subprotocol": protocol})
    with contextlib.suppress(OSError, RuntimeError):
        await session.serve(channels)
        await channels.close()


def _check_running(entry: Entry) -> None:
    phase = (entry.obj.get("status") or {}).get("phase", "Pending")
    if phase != "Running":
        raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")


def _session(cluster: Cluster, query: Query, target: Target, entry: Entry) -> _Session:
    pod = entry.obj
    tty = flag(query, "tty")
    wanted = {execwire.ERROR}
    for name, channel in (("stdin", execwire.STDIN), ("stdout", execwire.STDOUT)):
        if flag(query, name):
            wanted.add(channel)
    if tty:
        wanted.add(execwire.RESIZE)
    elif flag(query, "stderr"):
        wanted.add(execwire.STDERR)
    if target.subresource == "attach":
        return _attached(cluster, query, entry, wanted)
    command = execproxy.request_for(query, pod)
    if not execwire.socket_path(cluster.data).exists():
        raise ApiStatus(503, "ServiceUnavailable", execproxy.NO_KUBELET)

    async def serve(channels: Channels) -> None:
        try:
            kubelet = await execproxy.connect(cluster.data)
        except ApiStatus as failure:
            reason = execwire.failure(failure.code, failure.reason, failure.message)
            await channels.send(execwire.ERROR, reason)
            return
        await execproxy.serve(command, kubelet, channels)

    return _Session(wanted, serve)


def _attached(cluster: Cluster, query: Query, entry: Entry, wanted: set[int]) -> _Session:
    pod = entry.obj
    container = execproxy.container_of(query, pod)
    execproxy.refuse_ended(pod, "attach")
    data = pod["metadata"]
    path = podlogs.log_path(cluster.data, data["namespace"], data["name"], data["uid"], container)
    if not path.exists():
        raise bad_request(f"container {container} in pod {data['name']} has not started")

    def ended() -> bool:
        return cluster.closing or podlogs_ended(cluster, entry, container)

    spec = next(one for one in pod["spec"]["containers"] if one.get("name") == container)
    given = spec.get("stdin") is True
    request = {
        "attach": True,
        "namespace": data["namespace"],
        "pod": data["name"],
        "container": container,
    }

    async def serve(channels: Channels) -> None:
        try:
            if given and spec.get("tty") is True:
                await execproxy.serve(request, await execproxy.connect(cluster.data), channels)
                return
            kubelet = None
            if given and execwire.STDIN in wanted:
                kubelet = await execproxy.connect(cluster.data)
                kubelet[1].write(execwire.frame(execwire.REQUEST, orjson.dumps(request)))
            await podattach.serve(path, wanted, ended, channels, kubelet)
        except ApiStatus as failure:
            reason = execwire.failure(failure.code, failure.reason, failure.message)
            await channels.send(execwire.ERROR, reason)

    return _Session(wanted, serve)


def podlogs_ended(cluster: Cluster, entry: Entry, container: str) -> bool:
    """Whether nothing more will be in the log of a container."""
    data = entry.obj["metadata"]
    current = cluster.store.get("pods", data["namespace"], data["name"])
    if current is None or current.obj["metadata"]["uid"] != data["uid"]:
        return True
    status = current.obj.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed"):
        return True
    for field in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for found in status.get(field) or ():
            if found.get("name") == container:
                return "terminated" in (found.get("state") or {})
    return False
