"""Carrying a plan out: server-side apply in order, each write journalled, templates confirmed before CronWorkflows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.cluster import ClusterError, explain
from reconciler.fields import conflict_causes
from reconciler.handover import hand_over
from reconciler.journal import Intent, Journal
from reconciler.model import MANAGER, Key, Obj, canonical, digest, key_of
from reconciler.plan import Item, Plan, utc_now
from reconciler.state import Record
from reconciler.text import clean

MAX_TRIES = 5
MANY = 10

Hook = Callable[[str], None]
Log = Callable[..., None]


class Tools(NamedTuple):
    """What carrying out needs: the cluster, the journal, a way to wait, an event log, a hook at every step (tests), and
    `may_write`, which raises when we must not write any more."""

    client: KubeClient
    journal: Journal
    sleep: Callable[[float], Any]
    log: Log
    hook: Hook
    may_write: Callable[[], None]
    now: Callable[[], datetime] = utc_now


class WriteFailed(ClusterError):
    """One object could not be written; what was written before it stays, and the journal knows it."""


def intents(plan: Plan) -> list[Intent]:
    """What the journal records before the first write: all applies in order, then all deletions."""
    out = []
    for item in plan.items:
        if item.writes:
            out.append(Intent(item.op, item.key, digest(item.manifest), _uid(item.live)))
        elif item.op == "prune":
            out.append(Intent("delete", item.key, "", _uid(item.live)))
    return out


def apply_plan(plan: Plan, tools: Tools, settle: float, remember: Callable[[Item, Record], None]) -> int:
    """Write what the plan says, templates first; the number of writes. `remember` is told of each one.

    Unchanged objects are remembered and not written. Between templates and CronWorkflows the templates are read back, and
    `settle` seconds pass: upstream's cron controller validates a CronWorkflow against its own copy of the templates and
    does not try again for twenty minutes. Raises WriteFailed at the first object that cannot be written.
    """
    for item in plan.items:
        if (
            item.op in ("unchanged", "hold")
            and item.live is not None
            and item.manifest is not None
            and item.op == "unchanged"
        ):
            remember(item, record_of(item, item.live))
    items = [item for item in plan.items if item.writes]
    templates = [item for item in items if item.key.kind != "CronWorkflow"]
    crons = [item for item in items if item.key.kind == "CronWorkflow"]
    written: list[tuple[Item, Obj]] = []
    for number, item in enumerate(templates):
        written.append((item, _write_one(number, item, tools, remember)))
    there = _listed(written, tools)
    for item, result in written:
        if there.get(item.key) != _uid(result):
            _confirm(item, result, tools)
    if written and crons:
        tools.sleep(settle)
    tools.hook("templates-confirmed")
    for number, item in enumerate(crons, start=len(templates)):
        _write_one(number, item, tools, remember)
    return len(items)


def record_of(item: Item, live: Obj) -> Record:
    """The inventory's record of an object as it is now."""
    return Record(_uid(live), digest(item.manifest), digest(canonical(live)), item.path, item.line)


def _write_one(number: int, item: Item, tools: Tools, remember: Callable[[Item, Record], None]) -> Obj:
    tools.hook(f"before-start-{number}")
    tools.may_write()
    tools.journal.start(number)
    if item.replaces is not None:
        try:
            hand_over(item, tools.client, tools.now, tools.sleep, tools.log)
        except ApiError as error:
            raise failure_of(item, error, tools.client) from error
        tools.may_write()
    tools.hook(f"before-write-{number}")
    result = _send(item, tools)
    tools.hook(f"after-write-{number}")
    tools.journal.done(number, _uid(result))
    remember(item, record_of(item, result))
    tools.hook(f"after-done-{number}")
    done = {"create": "created", "update": "updated", "adopt": "adopted"}[item.op]
    tools.log(
        done,
        object=str(item.key),
        file=f"{item.path}:{item.line}",
        drift=item.drift or None,
        uid=_uid(result) or None,
        before=_version(item.live) or None,
        after=_version(result) or None,
        runs_now=item.prediction.reason if item.prediction and item.prediction.runs_now else None,
    )
    return result


def _send(item: Item, tools: Tools) -> Obj:
    """Apply one object, with the version that the plan saw as a precondition; whoever changed it meanwhile is not overwritten."""
    assert item.manifest is not None
    client, key, live = tools.client, item.key, item.live
    delay = 0.5
    for attempt in range(1, MAX_TRIES + 1):
        manifest = item.manifest
        if live is not None:
            meta = {
                **manifest["metadata"],
                "resourceVersion": live["metadata"]["resourceVersion"],
                "uid": _uid(live),
            }
            manifest = {**manifest, "metadata": meta}
        try:
            return client.apply(
                key.resource, manifest, key.namespace, field_manager=MANAGER, force=item.force
            )
        except ApiError as error:
            last = attempt == MAX_TRIES
            if error.transient and not last:
                tools.sleep(error.retry_after or delay)
                delay = min(delay * 2, 8.0)
            elif not (error.conflict and live is not None and not conflict_causes(error.body)) or last:
                raise failure_of(item, error, client) from error
        now = _read(item, client)
        if (
            now is not None
            and item.predicted is not None
            and digest(canonical(now)) == digest(canonical(item.predicted))
        ):
            # The reply was lost after the write had been done, or someone else wrote the same.
            return now
        if digest(canonical(now or {})) != digest(canonical(item.live or {})):
            raise WriteFailed(
                "ChangedMeanwhile",
                f"{key} changed between plan and write",
                "it is planned again",
                transient=True,
            )
        # Only what the controller writes has moved (a status, an annotation): the plan still holds.
        live = now
    raise AssertionError("the last attempt returns or raises")


def _read(item: Item, client: KubeClient) -> Obj | None:
    try:
        return client.try_get(item.key.resource, item.key.name, item.key.namespace)
    except ApiError as error:
        raise failure_of(item, error, client) from error


def _listed(written: list[tuple[Item, Obj]], tools: Tools) -> dict[Key, str]:
    """The uids of what is there, by a few lists, when many templates were written; whatever is not listed is read alone."""
    if len(written) < MANY:
        return {}
    found: dict[Key, str] = {}
    for kind, namespace in sorted({(item.key.kind, item.key.namespace) for item, _ in written}):
        try:
            objects = tools.client.list(resource_for(kind), namespace).items
        except ApiError:
            continue
        found |= {key_of(obj): _uid(obj) for obj in objects}
    return found


def _confirm(item: Item, result: Obj, tools: Tools) -> None:
    """A written template must be there, with the uid that was answered, before anything that uses it is written."""
    for _ in range(MAX_TRIES):
        now = _read(item, tools.client)
        if now is not None and _uid(now) == _uid(result):
            return
        tools.sleep(0.2)
    raise WriteFailed(
        "NotConfirmed", f"{item.key} was written but cannot be read back", "it is tried again", transient=True
    )


def failure_of(item: Item, error: ApiError, client: KubeClient) -> WriteFailed:
    if error.status in (0, 401):
        base = explain(error, client)
        return WriteFailed(base.reason, f"{item.key}: {base.message}", base.remedy, transient=base.transient)
    causes = "; ".join(f"{field} is owned by {manager}" for field, manager in conflict_causes(error.body)[:5])
    reason = error.reason or "WriteFailed"
    return WriteFailed(
        reason,
        f"{item.key}: {clean(causes or error.message, limit=600)}",
        "nothing after it was written; it is tried again",
        transient=error.transient or error.conflict,
    )


def _version(obj: Obj | None) -> str:
    return str(((obj or {}).get("metadata") or {}).get("resourceVersion") or "")


def _uid(obj: Obj | None) -> str:
    return str(((obj or {}).get("metadata") or {}).get("uid") or "")
