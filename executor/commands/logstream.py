"""The logs of a Workflow's pods, merged: all of them now, or as they are written."""

from __future__ import annotations

import heapq
import json
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from argolint.kube import ApiError, KubeClient, WatchExpired
from executor.commands.wf import POD, WORKFLOW_LABEL
from executor.render import ESCAPES

Obj = dict[str, Any]

COLORS = ("31", "32", "33", "34", "35", "36")
MAIN = "main"


class LogOptions(NamedTuple):
    """What to print: which pod ("" for all), container, how much, and lines that match `grep`."""

    pod: str = ""
    container: str = MAIN
    selector: str = ""
    tail: int | None = None
    since_seconds: int | None = None
    timestamps: bool = False
    grep: str = ""
    color: bool = False
    json: bool = False
    prefix: bool = True


class Line(NamedTuple):
    """One line of a log; lines of all pods sort by time."""

    time: str
    pod: str
    text: str


def list_pods(client: KubeClient, namespace: str, workflow: str, options: LogOptions) -> list[Obj]:
    """The pods of a Workflow that the options ask for, oldest first."""
    selector = f"{WORKFLOW_LABEL}={workflow}" + (f",{options.selector}" if options.selector else "")
    found = client.list(POD, namespace, label_selector=selector).items
    if options.pod:
        found = [pod for pod in found if pod["metadata"]["name"] == options.pod]
    return sorted(
        found, key=lambda pod: (pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"])
    )


def containers_of(pod: Obj, wanted: str) -> list[str]:
    """The containers to read: the one wanted, else (for container sets) all that are not Argo's own."""
    names = [str(container.get("name")) for container in (pod.get("spec") or {}).get("containers") or []]
    if wanted in names:
        return [wanted]
    return [name for name in names if name not in ("wait", "init")] if wanted == MAIN else []


def read_logs(client: KubeClient, namespace: str, pods: Iterable[Obj], options: LogOptions) -> Iterator[Line]:
    """What the pods have printed so far, merged by time."""
    streams = [
        list(_lines(client, namespace, pod["metadata"]["name"], container, options, follow=False))
        for pod in pods
        for container in containers_of(pod, options.container)
    ]
    yield from heapq.merge(*streams, key=lambda line: line.time)


def _lines(
    client: KubeClient, namespace: str, pod: str, container: str, options: LogOptions, *, follow: bool
) -> Iterator[Line]:
    pattern = re.compile(options.grep) if options.grep else None
    try:
        for raw in client.stream_log(
            pod,
            namespace,
            container=container,
            follow=follow,
            timestamps=True,
            tail_lines=options.tail,
            since_seconds=options.since_seconds,
        ):
            stamp, _, text = raw.decode("utf-8", "replace").partition(" ")
            if pattern is None or pattern.search(text):
                yield Line(stamp, pod, text)
    except ApiError as error:
        # A container that has not started has no log; a pod that was deleted has none any more.
        if error.status not in (400, 404) and not error.transient:
            raise


def follow_logs(
    client: KubeClient,
    namespace: str,
    workflow: str,
    options: LogOptions,
    finished: Callable[[], bool],
) -> Iterator[Line]:
    """What the pods print, as they print it, until `finished()` and every stream has ended."""
    lines: queue.Queue[Line] = queue.Queue()
    streams: dict[str, threading.Thread] = {}
    stop = threading.Event()

    def pump(pod: str, container: str) -> None:
        for line in _lines(client, namespace, pod, container, options, follow=True):
            lines.put(line)

    def see(pod: Obj) -> None:
        name = pod["metadata"]["name"]
        if options.pod and name != options.pod:
            return
        statuses = (pod.get("status") or {}).get("containerStatuses") or []
        started = {
            status["name"]
            for status in statuses
            if {"running", "terminated"} & set(status.get("state") or {})
        }
        for container in containers_of(pod, options.container):
            key = f"{pod['metadata'].get('uid')}/{container}"
            if container in started and key not in streams:
                streams[key] = threading.Thread(target=pump, args=(name, container), daemon=True)
                streams[key].start()

    def watch_pods() -> None:
        selector = f"{WORKFLOW_LABEL}={workflow}" + (f",{options.selector}" if options.selector else "")
        while not stop.is_set():
            try:
                page = client.list(POD, namespace, label_selector=selector)
                for pod in page.items:
                    see(pod)
                for kind, pod in client.watch(
                    POD,
                    namespace,
                    resource_version=page.resource_version,
                    label_selector=selector,
                    timeout_seconds=60,
                ):
                    if stop.is_set():
                        return
                    if kind in ("ADDED", "MODIFIED"):
                        see(pod)
            except WatchExpired:
                continue
            except ApiError:
                stop.wait(0.5)

    watcher = threading.Thread(target=watch_pods, daemon=True)
    watcher.start()
    ended_at: float | None = None
    while True:
        try:
            yield lines.get(timeout=0.1)
            continue
        except queue.Empty:
            pass
        if ended_at is None and finished():
            ended_at = time.monotonic()
            for pod in list_pods(client, namespace, workflow, options):
                see(pod)
        alive = any(thread.is_alive() for thread in streams.values())
        if ended_at is not None and lines.empty() and (not alive or time.monotonic() - ended_at > 10.0):
            stop.set()
            return


def print_line(line: Line, options: LogOptions) -> None:
    """`pod: text`, as the argo CLI prints it; or an object."""
    if options.json:
        sys.stdout.write(json.dumps({"time": line.time, "pod": line.pod, "line": line.text}) + "\n")
        sys.stdout.flush()
        return
    text = ESCAPES.sub(lambda match: match[0] if match[0] in "\t\x1b" else " ", line.text)
    if not options.color:
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b", "", text)
    pod = line.pod
    if options.color:
        color = COLORS[sum(pod.encode()) % len(COLORS)]
        pod = f"\x1b[{color}m{pod}\x1b[0m"
    stamp = f"{line.time} " if options.timestamps else ""
    sys.stdout.write(f"{f'{pod}: ' if options.prefix else ''}{stamp}{text}\n")
    sys.stdout.flush()
