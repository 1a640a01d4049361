"""`kubectl attach` to a container without a terminal: what its main process prints from now on.

The output is read from the container's log, where the kubelet puts it at once. With `stdin: true` what the client types goes to the
kubelet; without, as upstream, nowhere. A container with a terminal is the kubelet's alone: see `podstreams`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from executor.cluster import execwire, podlogs
from executor.cluster.execproxy import inward
from executor.cluster.streaming import Channels

_POLL = 0.1


async def serve(
    path: Path,
    streams: set[int],
    ended: Callable[[], bool],
    channels: Channels,
    kubelet: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None,
) -> None:
    """Follow the log at `path` on the wanted `streams` until `ended()`, or the client goes.

    What it sends is carried to the `kubelet`, whose connection has been told what it is for; without one it goes nowhere.
    """
    position = podlogs.end(path)  # before anything is typed: a container may answer it and end at once
    names = {execwire.STDOUT: "stdout", execwire.STDERR: "stderr"}
    outward = [
        asyncio.ensure_future(_follow(path, position, name, channel, ended, channels))
        for channel, name in names.items()
        if channel in streams
    ]
    done = asyncio.ensure_future(_all(outward, ended))
    leaving = asyncio.ensure_future(inward(channels, kubelet[1]) if kubelet else _gone(channels))
    try:
        await asyncio.wait((done, leaving), return_when=asyncio.FIRST_COMPLETED)
        if done.done() and not leaving.done():
            await channels.send(execwire.ERROR, execwire.success())
    finally:
        for task in (*outward, done, leaving):
            task.cancel()
        await asyncio.gather(*outward, done, leaving, return_exceptions=True)
        if kubelet is not None:
            kubelet[1].close()


async def _follow(
    path: Path, position: int, name: str, channel: int, ended: Callable[[], bool], channels: Channels
) -> None:
    options = podlogs.LogOptions(stream=name)
    async for text in podlogs.follow(path, options, ended, position):
        if text:
            await channels.send(channel, text)


async def _all(tasks: Sequence[asyncio.Future[None]], ended: Callable[[], bool]) -> None:
    """Return when everything was told, or with nothing to tell, when the container has ended."""
    await asyncio.gather(*tasks)
    while not tasks and not ended():
        await asyncio.sleep(_POLL)


async def _gone(channels: Channels) -> None:
    while await channels.receive() is not None:
        pass
