"""Pods that failed before they began are started again (upstream: operator.go, failedPodRestart)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import phases, rules
from executor.engine.contract import DeletePod
from executor.engine.run import Node, Run

_REASONS = frozenset({"Evicted", "NodeShutdown", "NodeAffinity", "UnexpectedAdmissionError"})
DEFAULT_MAXIMUM = 3


def restart(run: Run, node: Node, pod: Mapping[str, Any], mains: set[str]) -> bool:
    """Whether this pod is given up for another one: its node is Pending again, and the pod is deleted by uid."""
    uid = str((pod.get("metadata") or {}).get("uid") or "")
    given_up = node.get("restartingPodUID")
    if given_up:
        if uid == given_up:
            return True
        run.put(node["id"], restartingPodUID=None)
    wanted, status = run.context.failed_pod_restart, pod.get("status") or {}
    if not wanted.get("enabled") or not rules.failed_pods_restart(run):
        return False
    if status.get("phase") != "Failed" or status.get("reason") not in _REASONS or _began(status, mains):
        return False
    count = int(node.get("failedPodRestarts") or 0)
    maximum = wanted.get("maxRestarts")
    if count >= (DEFAULT_MAXIMUM if maximum is None else int(maximum)):
        return False
    run.put(node["id"], failedPodRestarts=count + 1, restartingPodUID=uid or None)
    message = f"Pod auto-restarting due to {status['reason']}"
    run.mark(
        node["id"], phases.PENDING, f"{message}: {status['message']}" if status.get("message") else message
    )
    run.command(DeletePod(str((pod.get("metadata") or {}).get("name")), uid))
    return True


def _began(status: Mapping[str, Any], mains: set[str]) -> bool:
    """Whether a main container ever ran."""
    for container in status.get("containerStatuses") or ():
        if container.get("name") not in mains:
            continue
        for state in (container.get("state") or {}, container.get("lastState") or {}):
            if "running" in state or (state.get("terminated") or {}).get("startedAt"):
                return True
    return False
