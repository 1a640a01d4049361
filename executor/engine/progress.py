"""progress and resourcesDuration (upstream: workflow/progress, util/resource).

Both are kept up to date by differences: a pass costs what changed in it, not the size of the workflow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from executor.engine import phases
from executor.engine.clock import parse_time
from executor.engine.create import EXECUTABLE
from executor.engine.run import Run

_QUANTITY = re.compile(r"^([+-]?[0-9.]+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$")
_SUFFIXES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
# What one second of a resource counts for: 100Mi of memory, 10Gi of storage, 1 of everything else.
_BASES = {"memory": 100 * 2.0**20, "storage": 10 * 2.0**30, "ephemeral-storage": 10 * 2.0**30}
_DEFAULTS = {"cpu": "100m", "memory": "100Mi"}

Share = tuple[int, int]


def parse_progress(text: object) -> Share | None:
    """The (done, total) of `N/M`; None if it is not valid."""
    done, slash, total = str(text or "").partition("/")
    if not slash or not done.isdigit() or not total.isdigit():
        return None
    share = (int(done), int(total))
    return share if 0 <= share[0] <= share[1] and share[1] > 0 else None


def own_share(node: Mapping[str, Any]) -> Share:
    """The progress of a node that executes something."""
    done, total = parse_progress(node.get("progress")) or (0, 1)
    if node.get("phase") == phases.SUCCEEDED or node.get("phase") in phases.PASSED_OVER:
        return total, total
    return done, total


def update(run: Run) -> None:
    """Bring progress and groups' resourcesDuration up to date with what this pass wrote."""
    if not run.written:
        return
    shares = run.memory.progress
    if not shares and run.nodes:
        _load(run, shares)
    total_done, total = shares.get("", (0, 0))
    for identity in list(run.written):
        node = run.nodes[identity]
        if node.get("type") not in EXECUTABLE:
            _sum_resources(run, identity)
            continue
        share = own_share(node)
        before = shares.get(identity, (0, 0))
        text = f"{share[0]}/{share[1]}"
        if node.get("progress") != text:
            run.put(identity, progress=text)
        if share == before:
            continue
        shares[identity] = share
        done, count = share[0] - before[0], share[1] - before[1]
        total_done, total = total_done + done, total + count
        _add_upwards(run, identity, done, count)
    shares[""] = (total_done, total)
    run.set_status("progress", f"{total_done}/{total}")


def _load(run: Run, shares: dict[str, Share]) -> None:
    """Start from what the state says, as of before this pass."""
    done = total = 0
    for identity, node in run.nodes.items():
        node_before = run.written.get(identity, node)
        if node_before is None or node_before.get("type") not in EXECUTABLE:
            continue
        share = own_share(node_before)
        shares[identity] = share
        done, total = done + share[0], total + share[1]
    shares[""] = (done, total)


def _learn_links(run: Run) -> dict[str, list[str]]:
    """Parents of every node, kept between passes; children are only ever added."""
    resolved = run.memory.resolved
    parents: dict[str, list[str]] | None = resolved.get("parents")
    if parents is None:
        parents = resolved["parents"] = {}
        resolved["parents-count"] = {}
        fresh: Iterable[str] = run.nodes
    else:
        fresh = run.written
    if resolved.get("parents-pass") is run.written:
        return parents
    resolved["parents-pass"] = run.written
    counts, groups = resolved["parents-count"], run.memory.groups
    for identity in fresh:
        children = run.nodes[identity].get("children") or ()
        known = counts.get(identity, 0)
        if len(children) == known:
            continue
        counts[identity] = len(children)
        for child in children[known:]:
            parents.setdefault(child, []).append(identity)
            if child in groups:
                # What is below it has more groups around it now.
                groups.clear()
    return parents


def _groups_of(run: Run, identity: str, parents: Mapping[str, list[str]]) -> frozenset[str]:
    """The groups above a node, all the way up. Nodes in a row share one set, so a long chain costs no more than a short one."""
    groups = run.memory.groups
    stack, limit = [identity], 8 * len(run.nodes) + 64
    while stack:
        current = stack[-1]
        if current in groups:
            stack.pop()
            continue
        above = parents.get(current, ())
        missing = [p for p in above if p not in groups]
        if missing:
            stack += missing
            if len(stack) > limit:  # a cycle, which only a damaged state has
                groups[current] = frozenset()
            continue
        found: frozenset[str] = frozenset()
        for parent in above:
            theirs = groups[parent]
            if run.nodes[parent].get("type") not in EXECUTABLE:
                theirs = _with(run, theirs, parent)
            found = theirs if found <= theirs else found | theirs
        groups[current] = found
        stack.pop()
    return groups[identity]


def _with(run: Run, known: frozenset[str], more: str) -> frozenset[str]:
    key = ("group-set", more)
    cached = run.memory.resolved.get(key)
    if cached is None or cached[0] is not known:
        cached = run.memory.resolved[key] = (known, known | {more})
    return cached[1]


def _add_upwards(run: Run, identity: str, done: int, count: int) -> None:
    for group in _groups_of(run, identity, _learn_links(run)):
        was = parse_progress(run.nodes[group].get("progress")) or (0, 0)
        share = (was[0] + done, was[1] + count)
        if share[1] > 0:
            run.put(group, progress=f"{share[0]}/{share[1]}")


def resources(run: Run, identity: str, pod: Mapping[str, Any]) -> None:
    """Set a node's resourcesDuration from its ended pod, and add it to the workflow's."""
    if run.nodes[identity].get("resourcesDuration"):
        return
    duration = pod_duration(pod)
    if duration:
        run.put(identity, resourcesDuration=duration)
        run.set_status("resourcesDuration", _added(run.status.get("resourcesDuration") or {}, duration))


def pod_duration(pod: Mapping[str, Any]) -> dict[str, int]:
    """Seconds x requested amount / base amount, by resource, over all containers of a pod."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    total: dict[str, int] = {}
    for specs, statuses in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
        containers = {c.get("name"): c for c in spec.get(specs) or ()}
        for container in status.get(statuses) or ():
            ended = (container.get("state") or {}).get("terminated") or {}
            start, end = parse_time(ended.get("startedAt")), parse_time(ended.get("finishedAt"))
            if start is None or end is None:
                continue
            wanted = _requests(containers.get(container.get("name")) or {})
            seconds = int((end - start).total_seconds())
            total = _added(total, {k: int(seconds * amount) for k, amount in wanted.items()})
    return total


def _requests(container: Mapping[str, Any]) -> dict[str, float]:
    resources_ = container.get("resources") or {}
    wanted: dict[str, Any] = dict(_DEFAULTS)
    for part in (resources_.get("limits"), resources_.get("requests")):
        if isinstance(part, Mapping):
            wanted.update(part)
    return {name: quantity(value) / _BASES.get(name, 1.0) for name, value in wanted.items()}


def quantity(value: Any) -> float:
    """A Kubernetes quantity as a number; 0 if it is none."""
    found = _QUANTITY.match(str(value).strip())
    if not found:
        return 0.0
    number, suffix = found.group(1), found.group(2) or ""
    try:
        if suffix[:1] in ("e", "E") and len(suffix) > 1:
            return float(number + suffix)
        return float(number) * _SUFFIXES[suffix]
    except ValueError:
        return 0.0


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: int(one.get(name, 0)) + int(other.get(name, 0)) for name in sorted({*one, *other})}


def _sum_resources(run: Run, identity: str) -> None:
    """A group that has ended: the sum of the pods below it."""
    node = run.nodes[identity]
    if node.get("resourcesDuration") or not phases.phase_fulfilled(node):
        return
    before = run.written.get(identity)
    if before is not None and phases.phase_fulfilled(before):
        return
    total: dict[str, int] = {}
    seen: set[str] = set()
    stack = list(node.get("children") or ())
    while stack:
        current = stack.pop()
        if current in seen or current not in run.nodes:
            continue
        seen.add(current)
        child = run.nodes[current]
        if child.get("type") == "Pod":
            total = _added(total, child.get("resourcesDuration") or {})
        stack.extend(child.get("children") or ())
    if total:
        run.put(identity, resourcesDuration=total)
