"""What the driver of a local run is given and tells: paths, listeners, what pods came to."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from executor.engine.contract import Observation, PutConfigMapKey
from executor.local.objects import ObjectStore
from executor.runtimes.podrunner import PodHandle

Object = dict[str, Any]


class Listener(Protocol):
    """Who wants to see what happens, in the driver's thread."""

    def state(self, workflow: Object) -> None:
        """A workflow has a new state."""

    def pod(self, handle: PodHandle, node_id: str) -> None:
        """A pod was started."""

    def event(self, kind: str, reason: str, message: str) -> None:
        """The engine recorded an event (kind is Normal or Warning)."""


class Final(NamedTuple):
    """What a pod came to: the Pod with its last status, and its task result (None for a plain pod)."""

    pod: Object
    task_result: Object | None


class Tracked:
    """A workflow that the driver runs."""

    __slots__ = ("blocked", "inbox", "state", "waiting")

    def __init__(self, state: Object) -> None:
        self.state = state
        self.inbox: list[Observation] = []
        self.waiting = True  # `advance` is due
        self.blocked = False


class Paths:
    """Where a run keeps things."""

    def __init__(self, run: Path, shared: Path) -> None:
        self.run = run
        self.pods = run / "pods"
        self.artifacts = shared / "artifacts"
        self.claims = shared / "volumes"


def drop_files(handles: queue.SimpleQueue[PodHandle | None]) -> None:
    """Remove what pods wrote, once their threads have done with it; None ends it."""
    while (handle := handles.get()) is not None:
        if handle.wait(5) is not None:
            handle.discard()


def phase_of(workflow: Mapping[str, Any]) -> str:
    return str((workflow.get("status") or {}).get("phase") or "")


def put_config_map_key(store: ObjectStore, command: PutConfigMapKey) -> None:
    """Write one key of a ConfigMap, which is made if need be (memoization)."""
    found = store.get("v1", "ConfigMap", command.namespace, command.name)
    meta = {"name": command.name, "namespace": command.namespace, "labels": dict(command.labels)}
    config_map: Object = found or {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    config_map["data"] = {**(config_map.get("data") or {}), command.key: command.value}
    store.put(config_map)
