"""Small questions that the controller asks about objects. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from argolint.kube import ApiError
from executor.controller.informer import Informer
from executor.render import parse_time

Obj = dict[str, Any]


def initial_wait(wf: Obj, delay: float, now: datetime) -> float:
    """Seconds that a new workflow still waits (the controller's `initialDelay`, from its creation on)."""
    if delay <= 0 or (wf.get("status") or {}).get("phase"):
        return 0.0
    created = parse_time(wf["metadata"].get("creationTimestamp"))
    return (created - now).total_seconds() + delay if created is not None else 0.0


def waits_for_semaphore(wf: Obj) -> bool:
    """Whether a workflow stands in line for a semaphore."""
    return bool(
        (((wf.get("status") or {}).get("synchronization") or {}).get("semaphore") or {}).get("waiting")
    )


def same_for_engine(old: Obj, new: Obj) -> bool:
    """Whether nothing changed that the engine looks at: status and deletion."""
    return bool(
        old.get("status") == new.get("status")
        and old["metadata"].get("deletionTimestamp") == new["metadata"].get("deletionTimestamp")
    )


def sync_error(late: list[Informer]) -> ApiError:
    """Why informers have not synced, as the API said it."""
    first = next((informer for informer in late if informer.error is not None), late[0])
    names = ", ".join(sorted(informer.resource.plural for informer in late))
    if first.error is not None:
        error = first.error
        return ApiError(error.status, error.reason, f"cannot list {names}: {error.message}", error.body)
    return ApiError(0, "Timeout", f"the Kubernetes API did not list {names} in time")
