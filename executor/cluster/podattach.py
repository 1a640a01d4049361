"""`kubectl attach`: what the main process of a container prints from now on.

The output is read from the container's log, where the kubelet puts it at once. Containers of the embedded cluster have no standard
input that could be attached to; as upstream for a container without `stdin: true`, what the client types goes nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from executor.cluster import execwire, podlogs
from executor.cluster.streaming import Channels


async def serve(path: Path, streams: set[int], ended: Callable[[], bool], channels: Channels) -> None:
    """Follow the log at `path` on the wanted `streams` until `ended()`, or the client goes."""
    names = {execwire.STDOUT: "stdout", execwire.STDERR: "stderr"}
    outward = [
        asyncio.ensure_future(_follow(path, name, channel, ended, channels))
        for channel, name in names.items()
        if channel in streams
    ]
    done = asyncio.ensure_future(_all(outward))
    leaving = asyncio.ensure_future(_gone(channels))
    try:
        await asyncio.wait((done, leaving), return_when=asyncio.FIRST_COMPLETED)
        if done.done() and not leaving.done():
            await channels.send(execwire.ERROR, execwire.success())
    finally:
        for task in (*outward, done, leaving):
            task.cancel()
        await asyncio.gather(*outward, done, leaving, return_exceptions=True)


async def _follow(path: Path, name: str, channel: int, ended: Callable[[], bool], channels: Channels) -> None:
    options = podlogs.LogOptions(tail=0, stream=name)
    async for text in podlogs.follow(path, options, ended):
        if text:
            await channels.send(channel, text)


async def _all(tasks: Sequence[asyncio.Future[None]]) -> None:
    await asyncio.gather(*tasks)


async def _gone(channels: Channels) -> None:
    while await channels.receive() is not None:
        pass
