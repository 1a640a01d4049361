"""Which workflows may run at the same time: the controller's `parallelism` and `namespaceParallelism`.

Upstream: sync/throttler.go. Running workflows are always admitted; those that wait are admitted by priority, then by age.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]
Key = tuple[str, str]


def waiting_order(wf: Object) -> tuple[int, str, str]:
    """Sort key of workflows that wait: priority (high first), creation time, name."""
    meta = wf.get("metadata") or {}
    priority = (wf.get("spec") or {}).get("priority")
    rank = priority if isinstance(priority, int) and not isinstance(priority, bool) else 0
    return -rank, str(meta.get("creationTimestamp", "")), str(meta.get("name", ""))


def admitted(
    workflows: Iterable[Object],
    *,
    parallelism: int = 0,
    namespace_parallelism: int = 0,
    namespace_limits: Mapping[str, int] | None = None,
) -> set[Key]:
    """Keys of the workflows that may run now, out of all that are not completed. A limit of 0 is no limit."""
    pending: list[Object] = []
    out: set[Key] = set()
    per_namespace: dict[str, int] = {}
    for wf in workflows:
        key = _key(wf)
        if (wf.get("status") or {}).get("phase") == "Running":
            out.add(key)
            per_namespace[key[0]] = per_namespace.get(key[0], 0) + 1
        else:
            pending.append(wf)
    for wf in sorted(pending, key=waiting_order):
        key = _key(wf)
        limit = (namespace_limits or {}).get(key[0], namespace_parallelism)
        if parallelism and len(out) >= parallelism:
            break
        if limit and per_namespace.get(key[0], 0) >= limit:
            continue
        out.add(key)
        per_namespace[key[0]] = per_namespace.get(key[0], 0) + 1
    return out


def _key(wf: Object) -> Key:
    meta = wf.get("metadata") or {}
    return str(meta.get("namespace", "")), str(meta.get("name", ""))
