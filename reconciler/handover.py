"""A renamed CronWorkflow: the new one begins where the old one ends, so that no time runs twice and none is lost.

Upstream knows no rename. The old one is suspended and the new one made within moments of each other, away from any time of the
schedule; under Forbid the new one waits until the runs of the old one have ended, as its own runs would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from argolint.analysis.cron import ScheduleError, next_fires, schedule_strings
from argolint.kube import ApiError, KubeClient
from reconciler.model import MANAGER, Key, Obj, digest
from reconciler.plan import Item, Plan

QUIET = timedelta(seconds=10)
"""No hand-over when a time of the schedule is nearer than this."""

PAST = 2.0
"""Seconds after such a time: the controller has made its Workflow by then."""


def with_handovers(plan: Plan, running: Iterable[Obj]) -> Plan:
    """`plan` with each new CronWorkflow that is an old one renamed marked as its successor, or held until it can be."""
    leaving: dict[str, Item] = {}
    for item in plan.items:
        if item.op in ("prune", "keep") and item.key.kind == "CronWorkflow" and item.live:
            leaving.setdefault(_mark(item.live, item.key), item)
    if not leaving:
        return plan
    runs = list(running)
    items = [_successor(i, leaving, runs) if i.op == "create" else i for i in plan.items]
    waiting = {i.replaces for i in items if i.op == "hold" and i.replaces}
    return plan._replace(items=tuple(i._replace(successor_waits=i.key in waiting) for i in items))


def _successor(item: Item, leaving: dict[str, Item], runs: list[Obj]) -> Item:
    old = leaving.get(_mark(item.predicted or item.manifest or {}, item.key))
    if old is None or item.key.kind != "CronWorkflow":
        return item
    if old.op == "keep":
        if _guarded(old):
            reason = f"it takes over from {old.key.name}, which may not be deleted yet: {old.reason}"
            return item._replace(op="hold", reason=reason)
        note = f"{old.key.name} has the same spec and stays ({old.reason}): both will run"
        return item._replace(notes=(*item.notes, note))
    busy = _active(old, runs)
    if busy and (item.manifest or {}).get("spec", {}).get("concurrencyPolicy") == "Forbid":
        reason = f"it takes over from {old.key.name} when its runs have ended ({', '.join(busy[:3])})"
        return item._replace(op="hold", reason=reason, replaces=old.key)
    note = f"takes over from {old.key.name}: that one is suspended at the same moment, and deleted when its runs have ended"
    return item._replace(replaces=old.key, notes=(*item.notes, note))


def _guarded(item: Item) -> bool:
    """Whether the item stays only until someone approves its deletion."""
    return "approval" in item.reason


def _mark(obj: Obj, key: Key) -> str:
    spec = {k: v for k, v in (obj.get("spec") or {}).items() if k != "suspend"}
    return digest([key.namespace, spec])


def _active(item: Item, runs: list[Obj]) -> list[str]:
    uid = ((item.live or {}).get("metadata") or {}).get("uid")
    return sorted(
        str(run["metadata"].get("name"))
        for run in runs
        if any(owner.get("uid") == uid for owner in run["metadata"].get("ownerReferences") or [])
    )


def hand_over(
    item: Item,
    client: KubeClient,
    now: Callable[[], datetime],
    sleep: Callable[[float], Any],
    log: Callable[..., None],
) -> None:
    """Suspend the predecessor of `item`, at a quiet moment; the caller then writes `item`. Raises ApiError."""
    old = item.replaces
    if old is None:
        return
    wait = seconds_until_quiet(item.manifest or {}, now())
    if wait:
        log("handover-waits", object=str(item.key), seconds=round(wait, 1))
        sleep(wait)
    live = client.try_get(old.resource, old.name, old.namespace)
    if live is None or (live.get("spec") or {}).get("suspend") is True:
        return
    version = live["metadata"]["resourceVersion"]
    patch = {"metadata": {"resourceVersion": version}, "spec": {"suspend": True}}
    try:
        client.patch(old.resource, old.name, patch, old.namespace, field_manager=MANAGER)
    except ApiError as error:
        if not error.not_found:
            raise
    log("suspended-before-deletion", object=str(old), successor=str(item.key))


def seconds_until_quiet(cron: Obj, now: datetime) -> float:
    """How long to wait until no time of the schedule is near; 0.0 when none is."""
    try:
        fires = next_fires(schedule_strings(cron.get("spec") or {}), "", now, 1)
    except (ScheduleError, ValueError):
        return 0.0
    if not fires or fires[0] - now > QUIET:
        return 0.0
    return (fires[0] - now).total_seconds() + PAST
