"""Memoization (upstream: workflow/controller/cache). The ConfigMaps are in the controller's namespace."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from executor.engine import phases
from executor.engine.clock import go_duration, parse_time
from executor.engine.contract import PutConfigMapKey
from executor.engine.faults import TemplateFault
from executor.engine.outputs import add_globals
from executor.engine.run import Node, Run
from executor.engine.substitute import to_json
from executor.engine.types import Call, failed_node, node_of

_KEY = re.compile(r"^[a-zA-Z0-9][-a-zA-Z0-9]*$")
_TYPE_LABEL = "workflows.argoproj.io/configmap-type"


def lookup(run: Run, call: Call, node: Node | None) -> Node | None:
    """The node after looking into the cache: Succeeded with the cached outputs on a hit, Pending on a miss.

    TemplateFault if the cache cannot be used.
    """
    memoize = call.template["memoize"]
    key, name = str(memoize.get("key") or ""), _cache_name(memoize)
    try:
        entry = _entry(run, name, key)
        hit = entry is not None and not _too_old(run, entry, memoize)
    except TemplateFault as error:
        failed_node(run, call, str(error))
        raise
    retried = call.template.get("retryStrategy") is not None or run.spec.get("retryStrategy") is not None
    kind = "Retry" if retried and not hit else call.node_type
    memo = {"hit": hit, "key": key, "cacheName": name}
    if node is None:
        phase = phases.SUCCEEDED if hit else phases.PENDING
        if not hit and kind in ("Retry", "Steps", "DAG"):
            phase = phases.RUNNING
        node = node_of(run, call, kind, phase, expects_result=kind == "Pod" and not hit)
    run.put(node["id"], memoizationStatus=memo)
    if hit and entry is not None:
        run.put(node["id"], outputs=entry.get("outputs"), progress="1/1" if "progress" in node else None)
        run.mark(node["id"], phases.SUCCEEDED)
        add_globals(run, entry.get("outputs"))
        if "taskResultSynced" in node:
            run.put(node["id"], taskResultSynced=True)
    return run.nodes[node["id"]]


def _cache_name(memoize: Mapping[str, Any]) -> str:
    return str(((memoize.get("cache") or {}).get("configMap") or {}).get("name") or "")


def _entry(run: Run, name: str, key: str) -> Mapping[str, Any] | None:
    if not _KEY.match(key):
        raise TemplateFault(
            f"invalid cache key: {key}. Cache keys must consist of alphanumeric characters or '-' and start with an alphanumeric character"
        )
    if not name:
        raise TemplateFault("cache could not be found or created: memoize.cache.configMap.name is required")
    written = run.memory.resolved.get(("memoized", name, key))
    if written is not None:
        return written  # type: ignore[no-any-return]
    found = run.context.config_maps.get((run.context.controller_namespace, name))
    if found is None:
        return None
    labels = (found.get("metadata") or {}).get("labels") or {}
    if labels.get(_TYPE_LABEL) != "Cache":
        raise TemplateFault(
            f"failed to load from cache: configmap {name} is missing the label {_TYPE_LABEL}=Cache"
        )
    text = (found.get("data") or {}).get(key)
    if not text:
        return None
    try:
        entry = json.loads(text)
    except ValueError:
        raise TemplateFault(
            f"malformed cache entry: could not unmarshal JSON; unable to parse: {key}"
        ) from None
    return entry if isinstance(entry, Mapping) else None


def _too_old(run: Run, entry: Mapping[str, Any], memoize: Mapping[str, Any]) -> bool:
    age = memoize.get("maxAge")
    if age in (None, ""):
        return False
    try:
        seconds = go_duration(str(age))
    except ValueError as error:
        raise TemplateFault(f"invalid maxAge: {error}") from None
    created = parse_time(entry.get("creationTimestamp"))
    return created is None or (run.now - created).total_seconds() > seconds


def save(run: Run, node: Mapping[str, Any]) -> None:
    """Write the outputs of a succeeded node to the cache that it missed."""
    memo = node.get("memoizationStatus")
    if not memo or memo.get("hit"):
        return
    entry = {
        "nodeID": node["id"],
        "outputs": node.get("outputs"),
        "creationTimestamp": run.stamp,
        "lastHitTimestamp": run.stamp,
    }
    # A step that is looked at in this very pass must find it already.
    run.memory.resolved["memoized", memo["cacheName"], memo["key"]] = entry
    run.command(
        PutConfigMapKey(
            run.context.controller_namespace,
            memo["cacheName"],
            memo["key"],
            to_json(entry),
            {_TYPE_LABEL: "Cache"},
        )
    )
