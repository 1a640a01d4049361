"""Phases of nodes and workflows, and what follows from them (upstream: workflow_types.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PENDING = "Pending"
RUNNING = "Running"
SUCCEEDED = "Succeeded"
SKIPPED = "Skipped"
FAILED = "Failed"
ERROR = "Error"
OMITTED = "Omitted"

COMPLETED = frozenset({SUCCEEDED, FAILED, ERROR})
FAILURES = frozenset({FAILED, ERROR})
PASSED_OVER = frozenset({SKIPPED, OMITTED})
POD_DELETED = "pod deleted"
PHASES = frozenset({PENDING, RUNNING, SUCCEEDED, SKIPPED, FAILED, ERROR, OMITTED})

Node = Mapping[str, Any]


def phase_fulfilled(node: Node) -> bool:
    """The node will not move any more: completed with its task result in hand, skipped or omitted."""
    phase = node.get("phase")
    if phase in COMPLETED:
        return node.get("taskResultSynced") is not False
    return phase in PASSED_OVER


def fulfilled(node: Node) -> bool:
    """Dependents need not wait: `phase_fulfilled`, or a daemon that is up."""
    return phase_fulfilled(node) or (bool(node.get("daemoned")) and node.get("phase") != PENDING)


def completed(node: Node) -> bool:
    """The node ran and ended (exit handlers run for these only)."""
    return node.get("phase") in COMPLETED and node.get("taskResultSynced") is not False


def lost(node: Node) -> bool:
    """The node's pod is gone, and its executor has not reported all that it began to report."""
    return (
        node.get("phase") == ERROR
        and node.get("message") == POD_DELETED
        and node.get("taskResultSynced") is False
    )


def failed(node: Node) -> bool:
    """The node ended Failed or Error."""
    return node.get("phase") in FAILURES


def workflow_completed(workflow: Mapping[str, Any]) -> bool:
    """The workflow reached its last phase."""
    return (workflow.get("status") or {}).get("phase") in COMPLETED
