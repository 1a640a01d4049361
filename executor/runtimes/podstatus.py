"""A pod's `status`, written as a kubelet writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Object = Mapping[str, Any]
POD_IP = HOST_IP = "127.0.0.1"


def stamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC with whole seconds, as the API has it."""
    return (moment or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ContainerState:
    """What is known of one container; the pod's lock guards it."""

    name: str
    image: str
    log: Path
    state: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    restarts: int = 0
    container_id: str = ""

    @property
    def terminated(self) -> dict[str, Any] | None:
        """The `terminated` state, or None."""
        return self.state.get("terminated")

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return "running" in self.state

    def wait_for(self, reason: str, message: str = "") -> None:
        """Waiting, with a reason."""
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = False

    def run(self) -> None:
        """Running since now."""
        self.state = {"running": {"startedAt": stamp()}}

    def end(self, code: int, reason: str, message: str = "") -> None:
        """Terminated now."""
        started = (self.state.get("running") or {}).get("startedAt") or stamp()
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": reason,
                **({"message": message} if message else {}),
                "startedAt": started,
                "finishedAt": stamp(),
                **({"containerID": self.container_id} if self.container_id else {}),
            }
        }
        self.ready = False

    def as_status(self) -> dict[str, Any]:
        """One entry of containerStatuses."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            **({"containerID": self.container_id} if self.container_id else {}),
            "ready": self.ready,
            "started": self.running,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }


def _condition(kind: str, good: bool, since: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True" if good else "False",
        "lastProbeTime": None,
        "lastTransitionTime": since,
        **({"reason": reason} if reason and not good else {}),
        **({"message": message} if message and not good else {}),
    }


def conditions(
    phase: str, initialized: bool, unready: Sequence[str], started: str, previous: Sequence[Object]
) -> list[dict[str, Any]]:
    """The four conditions of a pod; the time of an unchanged condition is kept."""
    ended = "PodCompleted" if phase in ("Succeeded", "Failed") else ""
    ready = initialized and not unready and not ended
    why = ended or "ContainersNotReady"
    names = "" if ended else f"containers with unready status: [{' '.join(unready)}]"
    fresh = [
        _condition("PodScheduled", True, started),
        _condition("Initialized", initialized, stamp(), "ContainersNotInitialized"),
        _condition("ContainersReady", ready, stamp(), why, names),
        _condition("Ready", ready, stamp(), why, names),
    ]
    before = {c["type"]: c for c in previous}
    for entry in fresh:
        old = before.get(entry["type"])
        if old and old["status"] == entry["status"]:
            entry["lastTransitionTime"] = old["lastTransitionTime"]
    return fresh
