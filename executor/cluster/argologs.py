"""The log of a whole workflow as argo-server streams it: JSON lines of all its pods, in order of time, followed if asked.

Upstream: util/logs/workflow-logger.go.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from executor.cluster import podlogs
from executor.cluster.podlogs import LogOptions
from executor.cluster.selectors import Matcher, label_matcher
from executor.cluster.status import bad_request
from executor.cluster.store import DELETED, Event

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
_ENDED = ("Succeeded", "Failed", "Error")


class Wanted(NamedTuple):
    """Whose log, and what of it."""

    namespace: str
    workflow: str
    pod: str
    container: str
    options: LogOptions
    timestamps: bool
    grep: re.Pattern[str] | None
    labels: Matcher | None

    def selects(self, pod: Mapping[str, Any]) -> bool:
        """Whether a pod is one of the workflow that is asked for."""
        data = pod["metadata"]
        if (data.get("labels") or {}).get(WORKFLOW_LABEL) != self.workflow:
            return False
        return self.pod in ("", data["name"]) and (self.labels is None or self.labels(pod))


def wanted(namespace: str, workflow: str, pod: str, query: Mapping[str, str], options: LogOptions) -> Wanted:
    """What a request asks for; `options` are those of its `logOptions`. ApiStatus 400 for a bad `grep` or `selector`."""
    try:
        grep = re.compile(query["grep"]) if query.get("grep") else None
    except re.error as error:
        raise bad_request(f"grep: not a regular expression: {error}") from error
    labels = label_matcher(query.get("selector") or "")
    container = query.get("logOptions.container") or "main"
    # Times are always read, to bring the lines of several pods in order; they are taken off again when not asked for.
    read = options._replace(timestamps=True)
    return Wanted(namespace, workflow, pod, container, read, options.timestamps, grep, labels)


def _line(want: Wanted, pod: str, text: bytes) -> bytes:
    """A line of a log, which begins with its time, as a line of the answer; nothing when it is filtered out."""
    time, _, rest = text.decode(errors="replace").partition(" ")
    content = f"{time} {rest}" if want.timestamps else rest
    if want.grep is not None and not want.grep.search(content):
        return b""
    return orjson.dumps({"result": {"content": content, "podName": pod}}) + b"\n"


def _path(cluster: Cluster, want: Wanted, pod: Mapping[str, Any]) -> Any:
    data = pod["metadata"]
    return podlogs.log_path(cluster.data, want.namespace, data["name"], data["uid"], want.container)


async def snapshot(cluster: Cluster, want: Wanted) -> AsyncIterator[bytes]:
    """The log as it is now."""
    found: list[tuple[bytes, str, bytes]] = []
    for entry in cluster.store.items("pods", want.namespace):
        if not want.selects(entry.obj):
            continue
        text = await asyncio.to_thread(podlogs.read, _path(cluster, want, entry.obj), want.options)
        name = entry.obj["metadata"]["name"]
        found.extend((line.partition(b" ")[0], name, line) for line in text.split(b"\n") if line)
    found.sort(key=lambda item: item[0])
    for _, name, line in found:
        yield _line(want, name, line)


async def follow(cluster: Cluster, want: Wanted) -> AsyncIterator[bytes]:
    """The log, and what is added to it until the workflow has ended and all of it was read."""
    ready: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1_000)
    readers: dict[str, asyncio.Task[None]] = {}
    wake = asyncio.Event()

    def over(uid: str, name: str) -> bool:
        entry = cluster.store.get("pods", want.namespace, name)
        if cluster.closing or entry is None or entry.obj["metadata"]["uid"] != uid:
            return True
        return (entry.obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")

    async def read(pod: Mapping[str, Any]) -> None:
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        rest = b""
        path = _path(cluster, want, pod)
        async for chunk in podlogs.follow(path, want.options, lambda: over(uid, name)):
            *lines, rest = (rest + chunk).split(b"\n")
            if found := b"".join(_line(want, name, line) for line in lines):
                await ready.put(found)
        if rest:
            await ready.put(_line(want, name, rest))

    def seen(pod: Mapping[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in readers and pod["metadata"].get("namespace") == want.namespace and want.selects(pod):
            readers[uid] = asyncio.ensure_future(read(pod))
            readers[uid].add_done_callback(lambda _: wake.set())

    def pod_event(event: Event) -> None:
        if event.type != DELETED:
            seen(event.entry.obj)

    def workflow_event(event: Event) -> None:
        if event.key == (want.namespace, want.workflow):
            wake.set()

    stops = [
        cluster.store.listen("pods", pod_event),
        cluster.store.listen("workflows.argoproj.io", workflow_event),
    ]
    ended = asyncio.ensure_future(_until_ended(cluster, want, readers, wake))
    try:
        for entry in cluster.store.items("pods", want.namespace):
            seen(entry.obj)
        while not ended.done() or not ready.empty():
            if not ready.empty():
                yield ready.get_nowait()
                continue
            line = asyncio.ensure_future(ready.get())
            await asyncio.wait((line, ended), return_when=asyncio.FIRST_COMPLETED)
            if line.done():
                yield line.result()
            else:
                line.cancel()
    finally:
        for stop in stops:
            stop()
        for task in (ended, *readers.values()):
            task.cancel()


async def _until_ended(
    cluster: Cluster, want: Wanted, readers: Mapping[str, asyncio.Task[None]], wake: asyncio.Event
) -> None:
    """Return when nothing more will be logged: the workflow has ended or gone, and every reader is through."""
    while True:
        wake.clear()
        entry = cluster.store.get("workflows.argoproj.io", want.namespace, want.workflow)
        phase = ((entry.obj.get("status") or {}).get("phase")) if entry else "Succeeded"
        gone = cluster.closing or phase in _ENDED
        if gone and all(task.done() for task in readers.values()):
            return
        if not wake.is_set():
            try:
                await asyncio.wait_for(wake.wait(), 1.0)
            except TimeoutError:
                pass  # a look now and then also sees the server closing
