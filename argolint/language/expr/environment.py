"""From the flat names that tags use to the nested maps that expressions use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=256)
def _layout(keys: frozenset[str]) -> dict[str, tuple[tuple[str, tuple[str, ...]], ...]]:
    """For each root, its names and their parts, without those that are also the beginning of another."""
    dropped: set[str] = set()
    for key in keys:
        at = key.find(".")
        while at >= 0:
            if key[:at] in keys:
                dropped.add(key[:at])
            at = key.find(".", at + 1)
    rows: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for key in sorted(keys - dropped):
        parts = tuple(key.split("."))
        rows.setdefault(parts[0], []).append((key, parts))
    return {root: tuple(row) for root, row in rows.items()}


def expand(env: Mapping[str, Any], roots: Iterable[str] | None = None) -> dict[str, Any]:
    """Flat names as nested maps: `{"a.b": 1}` becomes `{"a": {"b": 1}}`; of the given `roots` only, if any are given.

    A name that is also the beginning of another is dropped: `workflow.parameters` (the JSON list) vanishes beside
    `workflow.parameters.x`. Upstream does so; its docs recommend `workflow.parameters.json`.
    """
    layout = _layout(frozenset(env))
    tree: dict[str, Any] = {}
    for root in layout if roots is None else roots:
        for key, parts in layout.get(root, ()):
            if len(parts) == 1:
                tree[key] = env[key]
                continue
            at = tree
            for part in parts[:-1]:
                at = at.setdefault(part, {})
            at[parts[-1]] = env[key]
    return tree
