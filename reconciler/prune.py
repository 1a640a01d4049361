"""Deleting what Git no longer has: only what is ours, only what nothing uses, and never a CronWorkflow with its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from argolint.kube import ApiError
from reconciler.apply import Tools, WriteFailed, failure_of
from reconciler.cluster import observe, owned, running
from reconciler.model import MANAGER, Key, Obj, key_of
from reconciler.plan import Item, Plan, edges_of
from reconciler.references import users_of


def prune_plan(
    plan: Plan,
    tools: Tools,
    target: str,
    namespaces: Iterable[str],
    drain_timeout: float,
    draining: dict[str, str],
    now: datetime,
    forget: Callable[[Key], None],
) -> list[Item]:
    """Carry out the plan's deletions; the ones that must wait, as items with op `keep` and the reason.

    Users are looked up again just before, in the cluster as it is then. A CronWorkflow is suspended first, deleted when
    its runs have ended, and its Workflows are orphaned: deleting it otherwise would delete them, running or not.
    `draining` (key -> time since when, ISO 8601) is kept between calls. `forget` is told of what is gone.
    """
    waiting: list[Item] = []
    going = [item for item in plan.items if item.op == "prune"]
    first = sum(1 for item in plan.items if item.writes)
    spaces = list(namespaces)
    for number, item in enumerate(going, start=first):
        tools.hook(f"before-prune-{number}")
        tools.may_write()
        reason = _delete_one(number, item, tools, target, spaces, drain_timeout, draining, now)
        if reason:
            waiting.append(item._replace(op="keep", reason=reason))
            tools.log("prune-waits", object=str(item.key), reason=reason)
            continue
        draining.pop(str(item.key), None)
        forget(item.key)
        tools.log("pruned", object=str(item.key))
        tools.hook(f"after-prune-{number}")
    return waiting


def _delete_one(
    number: int,
    item: Item,
    tools: Tools,
    target: str,
    namespaces: list[str],
    drain_timeout: float,
    draining: dict[str, str],
    now: datetime,
) -> str:
    key, client = item.key, tools.client
    try:
        live = client.try_get(key.resource, key.name, key.namespace)
        if live is None:
            return ""
        planned = (item.live or {}).get("metadata", {}).get("uid")
        if live["metadata"].get("uid") != planned or not owned(live, target):
            return "it is not the object that the plan saw; it is left alone"
        if (
            key.kind == "CronWorkflow"
            and item.successor_waits
            and not _overdue(item, drain_timeout, draining, now)
        ):
            return "its successor takes over when its runs have ended"
        if key.kind == "CronWorkflow":
            live, reason = _drain(item, live, tools, drain_timeout, draining, now)
            if reason:
                return reason
        else:
            users = users_in_cluster(key, tools, namespaces)
            if users:
                return f"still used by {', '.join(map(str, users[:3]))}"
        tools.journal.start(number)
        tools.hook(f"before-delete-{number}")
        meta = live["metadata"]
        client.delete(
            key.resource,
            key.name,
            key.namespace,
            # Orphan: the Workflows of a CronWorkflow carry an owner reference to it and would go with it.
            propagation="Orphan",
            uid=meta["uid"],
            resource_version=meta["resourceVersion"],
        )
        tools.journal.done(number, meta["uid"])
    except ApiError as error:
        if error.not_found:
            return ""
        if error.conflict:
            return "it changed just now; it is looked at again"
        failure = failure_of(item, error, client)
        raise WriteFailed(
            failure.reason, f"deleting {failure.message}", failure.remedy, transient=failure.transient
        ) from error
    gone = client.try_get(key.resource, key.name, key.namespace)
    if gone is not None and gone["metadata"].get("uid") == meta["uid"]:
        finalizers = ", ".join(gone["metadata"].get("finalizers") or []) or "its deletion has not ended"
        return f"it is deleted, but waits for {finalizers}"
    return ""


def users_in_cluster(key: Key, tools: Tools, namespaces: list[str]) -> list[Key]:
    """Everything in the cluster that uses a template now, running Workflows included."""
    live = observe(tools.client, namespaces)
    runs = running(tools.client, namespaces, whole_cluster=live.whole_cluster)
    return users_of(key, edges_of(live.objects, runs))


def _overdue(item: Item, timeout: float, draining: dict[str, str], now: datetime) -> bool:
    since = draining.setdefault(str(item.key), now.isoformat())
    return (now - datetime.fromisoformat(since)).total_seconds() > timeout


def _drain(
    item: Item, live: Obj, tools: Tools, timeout: float, draining: dict[str, str], now: datetime
) -> tuple[Obj, str]:
    """Suspend the CronWorkflow and look for runs that are not over; (as it is now, why it must wait or "")."""
    key = item.key
    if (live.get("spec") or {}).get("suspend") is not True:
        # A suspended CronWorkflow never runs, so this write cannot start a run.
        version = live["metadata"]["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version}, "spec": {"suspend": True}}
        live = tools.client.patch(key.resource, key.name, patch, key.namespace, field_manager=MANAGER)
        tools.log("suspended-before-deletion", object=str(key))
    since = draining.setdefault(str(key), now.isoformat())
    active = active_runs(live, tools)
    if not active:
        return live, ""
    waited = (now - datetime.fromisoformat(since)).total_seconds()
    text = f"{len(active)} of its runs have not ended ({', '.join(active[:3])}); it is suspended meanwhile"
    if waited > timeout:
        text += f"; waiting since {since}: end them, or delete it by hand"
    return live, text


def active_runs(cron: Obj, tools: Tools) -> list[str]:
    """Names of the Workflows of a CronWorkflow that have not ended."""
    key = key_of(cron)
    uid = cron["metadata"].get("uid")
    names = set()
    for run in running(tools.client, [key.namespace], whole_cluster=False):
        for owner in run["metadata"].get("ownerReferences") or []:
            if owner.get("uid") == uid:
                names.add(run["metadata"]["name"])
    return sorted(names)
