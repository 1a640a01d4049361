"""Volumes of the spec that name outputs of earlier steps and tasks (upstream: substituteParamsInVolumes)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from executor.engine import phases
from executor.engine.resolve import local_base
from executor.engine.run import Run
from executor.engine.scope import Scope, add_node
from executor.engine.substitute import substitute, to_json

_REFERENCE = re.compile(r"\{\{=?[^}]*\b(?:steps|tasks)\b")
_PREFIXES = {"Steps": "steps", "DAG": "tasks"}


def of_spec(run: Run, boundary: str) -> list[Mapping[str, Any]]:
    """The spec's volumes for a pod within `boundary`: the steps or tasks beside it count before those around it."""
    declared: list[Mapping[str, Any]] = run.spec.get("volumes") or []
    if not declared or not _REFERENCE.search(to_json(declared)):
        return declared
    scope = Scope()
    around: str | None = boundary
    while around and around in run.nodes:
        prefix = _PREFIXES.get(str(run.nodes[around].get("type")))
        for node in [n for n in run.nodes.values() if prefix and n.get("boundaryID") == around]:
            name = f"{prefix}.{node['name'].rsplit('.', 1)[-1]}"
            if phases.fulfilled(node) and f"{name}.id" not in scope.variables:
                add_node(run, scope, name, node, local_base(run))
        around = run.nodes[around].get("boundaryID")
    found: list[Mapping[str, Any]] = substitute(declared, scope.variables)
    return found
