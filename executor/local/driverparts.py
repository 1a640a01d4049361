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


class Reuse:
    """What equal pods of an earlier run came to: {fingerprint: Final}, filled as this one goes. Of None, nothing is reused."""

    def __init__(self, known: dict[str, Final] | None) -> None:
        self._known = known
        self.nodes: list[str] = []
        self._results: dict[tuple[str, str], list[Object]] = {}

    def expect(self, key: tuple[str, str], results: list[Object]) -> None:
        """A pod starts; its task results will be in `results`."""
        if self._known is not None:
            self._results[key] = results

    def keep(self, key: tuple[str, str], pod: Object, status: Object) -> None:
        """A pod succeeded."""
        if self._known is not None:
            from executor.local.watch import fingerprint

            results = self._results.get(key) or []
            self._known[fingerprint(pod)] = Final({**pod, "status": status}, results[-1] if results else None)

    def as_before(self, pod: Object, node_id: str) -> Final | None:
        """What an equal pod came to, made this pod's own."""
        if self._known is None:
            return None
        from executor.local.watch import fingerprint

        old = self._known.get(fingerprint(pod))
        if old is None:
            return None
        self.nodes.append(node_id)
        result = old.task_result
        if result is not None:
            result = {**result, "metadata": {**result["metadata"], "name": node_id}}
        return Final({**pod, "status": old.pod["status"]}, result)


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
