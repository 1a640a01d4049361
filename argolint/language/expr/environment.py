"""From the flat names that tags use to the nested maps that expressions use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def _conflicts(keys: frozenset[str]) -> frozenset[str]:
    dropped = set()
    for key in keys:
        at = key.find(".")
        while at >= 0:
            if key[:at] in keys:
                dropped.add(key[:at])
            at = key.find(".", at + 1)
    return frozenset(dropped)


def expand(env: Mapping[str, Any]) -> dict[str, Any]:
    """Flat names as nested maps: `{"a.b": 1}` becomes `{"a": {"b": 1}}`.

    A name that is also the beginning of another is dropped: `workflow.parameters` (the JSON list) vanishes beside
    `workflow.parameters.x`. Upstream does so; its docs recommend `workflow.parameters.json`.
    """
    dropped = _conflicts(frozenset(env))
    tree: dict[str, Any] = {}
    for key, value in env.items():
        if key in dropped:
            continue
        if "." not in key:
            tree[key] = value
            continue
        *path, last = key.split(".")
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return tree
