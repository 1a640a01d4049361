"""The API server's side of `kubectl exec`: the channels of a client joined to the kubelet's socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from executor.cluster import execwire
from executor.cluster.status import ApiStatus, bad_request
from executor.cluster.streaming import Channels

Query = Mapping[str, list[str]]
NO_KUBELET: Final = "no kubelet runs on this data directory: start `argorun kubelet`"


def flag(query: Query, name: str) -> bool:
    """Whether a parameter of a query is set."""
    return (query.get(name) or [""])[0] in ("true", "1")


def container_of(query: Query, pod: Mapping[str, Any]) -> str:
    """The container that a streaming request means. ApiStatus 400 when it is not clear, does not exist or has ended."""
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
    return container


def refuse_ended(pod: Mapping[str, Any], what: str) -> None:
    """ApiStatus 400 when a pod has ended; `what` cannot be done with it any more."""
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot {what} a container in a completed pod; current phase is {phase}")


def request_for(query: Query, pod: Mapping[str, Any]) -> dict[str, Any]:
    """What to run, from the query of an exec request and its pod. ApiStatus 400 when something is missing or wrong."""
    command = query.get("command") or []
    if not command or not command[0]:
        raise bad_request("you must specify at least one command for the container")
    container = container_of(query, pod)
    refuse_ended(pod, "exec into")
    return {
        "namespace": pod["metadata"]["namespace"],
        "pod": pod["metadata"]["name"],
        "container": container,
        "command": command,
        "stdin": flag(query, "stdin"),
        "tty": flag(query, "tty"),
    }


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
        raise ApiStatus(503, "ServiceUnavailable", NO_KUBELET) from error


async def serve(
    request: Mapping[str, Any],
    kubelet: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    channels: Channels,
) -> None:
    """Join the two until the command has ended or the client has gone."""
    reader, writer = kubelet
    writer.write(execwire.frame(execwire.REQUEST, orjson.dumps(request)))
    inwards = asyncio.ensure_future(inward(channels, writer))
    outward = asyncio.ensure_future(_outward(reader, channels))
    try:
        await asyncio.wait((inwards, outward), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (inwards, outward):
            task.cancel()
        await asyncio.gather(inwards, outward, return_exceptions=True)
        writer.close()


async def inward(channels: Channels, writer: asyncio.StreamWriter) -> None:
    """From the client to the kubelet."""
    while (message := await channels.receive()) is not None:
        channel, rest = message
        if channel == execwire.CLOSE and rest[:1] != bytes([execwire.STDIN]):
            continue
        for at in range(0, max(len(rest), 1), execwire.MAX_FRAME):
            writer.write(execwire.frame(channel, rest[at : at + execwire.MAX_FRAME]))
        await writer.drain()


async def _outward(reader: asyncio.StreamReader, channels: Channels) -> None:
    """From the kubelet to the client, up to the Status that ends the command."""
    while True:
        try:
            channel, size = execwire.HEADER.unpack(await reader.readexactly(execwire.HEADER.size))
            payload = await reader.readexactly(size)
        except asyncio.IncompleteReadError:
            payload = execwire.failure(500, "InternalError", "the kubelet has gone")
            channel = execwire.ERROR
        await channels.send(channel, payload)
        if channel == execwire.ERROR:
            return
