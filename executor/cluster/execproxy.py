"""The API server's side of `kubectl exec`: a WebSocket of the client joined to the kubelet's socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from executor.cluster import execwire
from executor.cluster.http import Receive, Scope, Send
from executor.cluster.status import ApiStatus, bad_request

PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")


def request_for(scope: Scope, pod: Mapping[str, Any]) -> dict[str, Any]:
    """What to run, from the query of an exec request and its pod. ApiStatus 400 when something is missing or wrong."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    command = query.get("command") or []
    if not command or not command[0]:
        raise bad_request("you must specify at least one command for the container")
    names = [str(c.get("name")) for c in (pod.get("spec") or {}).get("containers") or ()]
    wanted = (query.get("container") or [""])[0]
    annotations = pod["metadata"].get("annotations") or {}
    container = (
        wanted
        or annotations.get("kubectl.kubernetes.io/default-container")
        or (names[0] if len(names) == 1 else "")
    )
    if not container:
        raise bad_request(
            f"a container name must be specified for pod {pod['metadata']['name']}, choose one of: [{' '.join(names)}]"
        )
    if container not in names:
        raise bad_request(f"container {container} is not valid for pod {pod['metadata']['name']}")
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {phase}")
    return {
        "namespace": pod["metadata"]["namespace"],
        "pod": pod["metadata"]["name"],
        "container": container,
        "command": command,
        "stdin": _flag(query, "stdin"),
        "tty": _flag(query, "tty"),
    }


def _flag(query: Mapping[str, list[str]], name: str) -> bool:
    return (query.get(name) or [""])[0] in ("true", "1")


def protocol_of(scope: Scope) -> str:
    """The protocol to speak. ApiStatus 400 when the client knows none of ours."""
    for protocol in PROTOCOLS:
        if protocol in (scope.get("subprotocols") or ()):
            return protocol
    raise bad_request(f"exec needs one of the WebSocket protocols {', '.join(PROTOCOLS)}")


async def connect(data: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Reach the kubelet. ApiStatus 503 when none runs."""
    path = execwire.socket_path(data)
    try:
        # A socket's path may have 107 bytes at the most; by way of its open folder it is short whatever that is called.
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
    except OSError as error:
        message = "no kubelet runs on this data directory: start `argorun kubelet`"
        raise ApiStatus(503, "ServiceUnavailable", message) from error


async def serve(request: Mapping[str, Any], data: Path, protocol: str, receive: Receive, send: Send) -> None:
    """Join the two until the command has ended or the client has gone."""
    reader, writer = await connect(data)
    await send({"type": "websocket.accept", "subprotocol": protocol})
    writer.write(execwire.frame(execwire.REQUEST, orjson.dumps(request)))
    inward = asyncio.ensure_future(_inward(receive, writer))
    outward = asyncio.ensure_future(_outward(reader, send))
    try:
        await asyncio.wait((inward, outward), return_when=asyncio.FIRST_COMPLETED)
        if outward.done():
            with contextlib.suppress(RuntimeError):
                await send({"type": "websocket.close", "code": 1000})
    finally:
        for task in (inward, outward):
            task.cancel()
        await asyncio.gather(inward, outward, return_exceptions=True)
        writer.close()


async def _inward(receive: Receive, writer: asyncio.StreamWriter) -> None:
    """From the client to the kubelet: the first byte of a message is its channel."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        payload = message.get("bytes") or (message.get("text") or "").encode()
        if not payload:
            continue
        channel, rest = payload[0], payload[1:]
        if channel == execwire.CLOSE and rest[:1] != bytes([execwire.STDIN]):
            continue
        for at in range(0, max(len(rest), 1), execwire.MAX_FRAME):
            writer.write(execwire.frame(channel, rest[at : at + execwire.MAX_FRAME]))
        await writer.drain()


async def _outward(reader: asyncio.StreamReader, send: Send) -> None:
    """From the kubelet to the client, up to the Status that ends the command."""
    while True:
        try:
            channel, size = execwire.HEADER.unpack(await reader.readexactly(execwire.HEADER.size))
            payload = await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            payload = execwire.failure(500, "InternalError", "the kubelet has gone")
            channel = execwire.ERROR
        await send({"type": "websocket.send", "bytes": bytes([channel]) + payload})
        if channel == execwire.ERROR:
            return
