"""Mutexes and semaphores (upstream: workflow/sync).

The table of holders is a pure function of the Workflow objects: each says in `status.synchronization` what it holds and
waits for. A driver makes it with `table(workflows)` before a pass, or keeps one up to date with `observe` and `forget`, and
passes it as `Context.locks`. `woken(before, after)` tells which workflows have something to gain from a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from executor.engine import phases, rules
from executor.engine.clock import parse_time
from executor.engine.faults import TemplateFault
from executor.engine.run import Run
from executor.engine.substitute import substitute

Workflow = Mapping[str, Any]
Rank = tuple[int, float, str]


class Waiting(NamedTuple):
    """A lock that is not to be had now."""

    key: str
    message: str


class Claim(NamedTuple):
    """What one workflow holds and waits for: (lock key, holder key) pairs; `rank` orders those who wait."""

    holds: frozenset[tuple[str, str]]
    waits: frozenset[tuple[str, str]]
    rank: Rank


class LockTable(NamedTuple):
    """Claims by workflow (`namespace/name`). Immutable: `observe` and `forget` give new ones."""

    claims: Mapping[str, Claim]

    def holders(self, lock: str) -> list[str]:
        """Who holds a lock."""
        return sorted(h for claim in self.claims.values() for key, h in claim.holds if key == lock)

    def first_in_line(self, lock: str) -> str:
        """The workflow that is next: highest priority, then oldest; empty if nobody waits."""
        waiting = [
            (claim.rank, name)
            for name, claim in self.claims.items()
            if any(key == lock for key, _ in claim.waits)
        ]
        return min(waiting)[1] if waiting else ""


EMPTY = LockTable({})


def table(workflows: Iterable[Workflow]) -> LockTable:
    """The lock table of all workflows of a store."""
    claims: dict[str, Claim] = {}
    for workflow in workflows:
        claim = _claim(workflow)
        if claim is not None:
            claims[_workflow_key(workflow)] = claim
    return LockTable(claims)


def observe(known: LockTable, workflow: Workflow) -> LockTable:
    """The table after a workflow has changed."""
    claim, key = _claim(workflow), _workflow_key(workflow)
    if claim is None:
        return forget(known, key)
    if known.claims.get(key) == claim:
        return known
    return LockTable({**known.claims, key: claim})


def forget(known: LockTable, workflow_key: str) -> LockTable:
    """The table after a workflow (`namespace/name`) was deleted."""
    if workflow_key not in known.claims:
        return known
    return LockTable({k: c for k, c in known.claims.items() if k != workflow_key})


def woken(before: LockTable, after: LockTable) -> set[str]:
    """The workflows that wait for a lock of which a holder is gone."""

    def held(known: LockTable) -> set[tuple[str, str]]:
        return {pair for claim in known.claims.values() for pair in claim.holds}

    released = {lock for lock, _ in held(before) - held(after)}
    return {name for name, claim in after.claims.items() if any(lock in released for lock, _ in claim.waits)}


def _workflow_key(workflow: Workflow) -> str:
    metadata = workflow.get("metadata") or {}
    return f"{metadata.get('namespace') or 'default'}/{metadata.get('name')}"


def _rank(workflow: Workflow) -> Rank:
    metadata, spec = workflow.get("metadata") or {}, workflow.get("spec") or {}
    created = parse_time(metadata.get("creationTimestamp"))
    priority = spec.get("priority")
    return (
        -int(priority) if isinstance(priority, int) else 0,
        created.timestamp() if created else 0.0,
        _workflow_key(workflow),
    )


def _claim(workflow: Workflow) -> Claim | None:
    status = (workflow.get("status") or {}).get("synchronization")
    if not status or phases.workflow_completed(workflow):
        return None
    holds: set[tuple[str, str]] = set()
    waits: set[tuple[str, str]] = set()
    own = _workflow_key(workflow)
    mutex, semaphore = status.get("mutex") or {}, status.get("semaphore") or {}
    for entry in mutex.get("holding") or ():
        holds.add((entry["mutex"], entry["holder"]))
    for entry in mutex.get("waiting") or ():
        waits.add((entry["mutex"], own))
    for entry in semaphore.get("holding") or ():
        holds.update((entry["semaphore"], holder) for holder in entry.get("holders") or ())
    for entry in semaphore.get("waiting") or ():
        waits.add((entry["semaphore"], own))
    if not holds and not waits:
        return None
    return Claim(frozenset(holds), frozenset(waits), _rank(workflow))


# --- within a pass ----------------------------------------------------------------------------------


class _Lock(NamedTuple):
    key: str
    kind: str
    limit: int


def acquire(run: Run, wanted: Mapping[str, Any], holder: str = "") -> Waiting | None:
    """Take every lock of a `synchronization` block for a node (or the workflow), or none of them.

    None if they are held now; else the first that is not to be had. TemplateFault if the block cannot be read.
    """
    locks = _locks_of(run, substitute(wanted, run.globals))
    name = f"{run.namespace}/{run.name}"
    full = f"{name}/{holder}" if holder else name
    others = _others(run)
    held = {lock.key: _holders(run, others, lock.key) for lock in locks}
    for lock in locks:
        holders = held[lock.key]
        if full in holders:
            continue
        free = lock.limit - len(holders)
        first = _first(run, others, lock.key)
        if free <= 0 or (first and first != name):
            _note_waiting(run, lock, holders)
            return Waiting(lock.key, f"Waiting for {lock.key} lock. Lock status: {max(free, 0)}/{lock.limit}")
    for lock in locks:
        _note_holding(run, lock, full)
    return None


def release(run: Run, node: Mapping[str, Any]) -> None:
    """Give back whatever a node holds."""
    if run.status.get("synchronization"):
        release_holder(run, f"{run.namespace}/{run.name}/{node['id']}")


def release_ended(run: Run) -> None:
    """Give back what nodes hold that have ended by other ways than their own: failing fast, a shutdown."""
    claim = _mine(run)
    prefix = f"{run.namespace}/{run.name}/"
    for _, holder in claim.holds if claim else ():
        node = run.nodes.get(holder.removeprefix(prefix)) if holder.startswith(prefix) else None
        if node is not None and phases.phase_fulfilled(node):
            release_holder(run, holder)


def release_holder(run: Run, holder: str) -> None:
    """Give back whatever a holder key holds."""
    status = run.status.get("synchronization") or {}
    renewed = dict(status)
    mutex = dict(status.get("mutex") or {})
    kept = [e for e in mutex.get("holding") or () if e["holder"] != holder]
    if len(kept) != len(mutex.get("holding") or ()):
        renewed["mutex"] = _with(mutex, "holding", kept)
    semaphore = dict(status.get("semaphore") or {})
    holding = []
    for entry in semaphore.get("holding") or ():
        left = [h for h in entry.get("holders") or () if h != holder]
        if left:
            holding.append({**entry, "holders": left})
    if holding != (semaphore.get("holding") or []):
        renewed["semaphore"] = _with(semaphore, "holding", holding)
    _set(run, renewed)


def release_all(run: Run) -> None:
    """Give back everything: the workflow has ended."""
    if run.status.get("synchronization"):
        run.set_status("synchronization", None)


def _with(part: Mapping[str, Any], field: str, entries: list[Any]) -> dict[str, Any]:
    renewed = {k: v for k, v in part.items() if k != field}
    if entries:
        renewed[field] = entries
    return renewed


def _set(run: Run, status: Mapping[str, Any]) -> None:
    cleaned = {k: v for k, v in status.items() if v}
    run.set_status("synchronization", cleaned or None)


def _others(run: Run) -> LockTable:
    known = run.context.locks
    if not isinstance(known, LockTable):
        return EMPTY
    return forget(known, f"{run.namespace}/{run.name}")


def _mine(run: Run) -> Claim | None:
    return _claim({**run.wf, "status": run.status})


def _holders(run: Run, others: LockTable, key: str) -> list[str]:
    mine = _mine(run)
    own = [h for lock, h in mine.holds if lock == key] if mine else []
    return sorted([*others.holders(key), *own])


def _first(run: Run, others: LockTable, key: str) -> str:
    """Who is next in line, this workflow (which asks now) included."""
    name = f"{run.namespace}/{run.name}"
    claim = Claim(frozenset(), frozenset({(key, name)}), _rank(run.wf))
    return LockTable({**others.claims, name: claim}).first_in_line(key)


def _locks_of(run: Run, wanted: Mapping[str, Any]) -> list[_Lock]:
    found: list[_Lock] = []
    lists, single = rules.locks_are_lists(run), rules.locks_are_single(run)
    mutexes = list(wanted.get("mutexes") or ()) if lists else []
    semaphores = list(wanted.get("semaphores") or ()) if lists else []
    if wanted.get("mutex") and single:
        mutexes.insert(0, wanted["mutex"])
    if wanted.get("semaphore") and single:
        semaphores.insert(0, wanted["semaphore"])
    for mutex in mutexes:
        namespace = mutex.get("namespace") or run.namespace
        key = f"{namespace}/Mutex/{mutex.get('name')}"
        if mutex.get("database"):
            raise TemplateFault(f"mutex {key}: mutexes in a database are not supported")
        found.append(_Lock(key, "mutex", 1))
    for semaphore in semaphores:
        found.append(_semaphore(run, semaphore))
    if len({lock.key for lock in found}) != len(found):
        raise TemplateFault("duplicate synchronization item found")
    return found


def _semaphore(run: Run, semaphore: Mapping[str, Any]) -> _Lock:
    namespace = str(semaphore.get("namespace") or run.namespace)
    if bool(semaphore.get("database")) == bool(semaphore.get("configMapKeyRef")):
        raise TemplateFault(
            "requested configuration is invalid: a semaphore must have either configMapKeyRef or database"
        )
    if semaphore.get("database"):
        key = f"{namespace}/Database/{semaphore['database'].get('key')}"
        raise TemplateFault(f"semaphore {key}: semaphores in a database are not supported")
    reference = semaphore.get("configMapKeyRef") or {}
    name, field = str(reference.get("name") or ""), str(reference.get("key") or "")
    key = f"{namespace}/ConfigMap/{name}/{field}"
    config_map = run.context.config_maps.get((namespace, name))
    if config_map is None:
        raise TemplateFault(f'failed to initialize semaphore {key}: configmaps "{name}" not found')
    text = (config_map.get("data") or {}).get(field)
    if text is None:
        raise TemplateFault(
            f"failed to initialize semaphore {key}: Key {field} is not found in ConfigMap {namespace}/{name}"
        )
    try:
        return _Lock(key, "semaphore", int(str(text)))
    except ValueError:
        raise TemplateFault(
            f"failed to initialize semaphore {key}: its limit {text!r} is not a whole number"
        ) from None


def _note_holding(run: Run, lock: _Lock, holder: str) -> None:
    status = dict(run.status.get("synchronization") or {})
    part = dict(status.get(lock.kind) or {})
    if lock.kind == "mutex":
        entries = [e for e in part.get("holding") or () if e["mutex"] != lock.key]
        part = _with(part, "holding", [*entries, {"mutex": lock.key, "holder": holder}])
        part = _with(part, "waiting", [e for e in part.get("waiting") or () if e["mutex"] != lock.key])
    else:
        entries = [e for e in part.get("holding") or () if e["semaphore"] != lock.key]
        mine: Mapping[str, Any] = next(
            (e for e in part.get("holding") or () if e["semaphore"] == lock.key), {}
        )
        holders = [*(mine.get("holders") or [])]
        if holder not in holders:
            holders.append(holder)
        part = _with(part, "holding", [*entries, {"semaphore": lock.key, "holders": holders}])
        part = _with(part, "waiting", [e for e in part.get("waiting") or () if e["semaphore"] != lock.key])
    status[lock.kind] = part
    _set(run, status)


def _note_waiting(run: Run, lock: _Lock, holders: list[str]) -> None:
    status = dict(run.status.get("synchronization") or {})
    part = dict(status.get(lock.kind) or {})
    entries = [e for e in part.get("waiting") or () if e[lock.kind] != lock.key]
    if lock.kind == "mutex":
        entry: dict[str, Any] = {"mutex": lock.key, "holder": holders[0] if holders else ""}
    else:
        entry = {"semaphore": lock.key, "holders": holders}
    status[lock.kind] = _with(part, "waiting", [*entries, entry])
    _set(run, status)
