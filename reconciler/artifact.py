"""A plan in a file: what was looked at and agreed to, so that nothing else is carried out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.cluster import Live
from reconciler.model import Obj, canonical, digest
from reconciler.plan import Plan
from reconciler.references import references
from reconciler.state import Stored

KIND = "argosync-plan"
VERSION = 1


class Saved(NamedTuple):
    """What a saved plan says of one target: the names and digests of everything that it was made from."""

    target: str
    inputs: dict[str, str]


def inputs_of(plan: Plan, stored: Stored, live: Live, cluster: str) -> dict[str, str]:
    """Everything that a plan rests on, by a name for people: revision, configuration, cluster, objects.

    Of objects those that change, as they are wanted and as they are live, and the templates of others that they refer to.
    """
    mine = {d.key for d in stored.objects}
    out = {
        "revision": stored.commit,
        "configuration": stored.config,
        "cluster": cluster,
        "deletions": plan.prune_hash,
    }
    for item in plan.items:
        if item.op in ("unchanged", "gone"):
            continue
        # A guard turns deletions into `keep` until they are approved: the same plan either way.
        op = "prune" if item.op == "keep" and plan.guard and item.reason == plan.guard else item.op
        out[f"plan for {item.key}"] = digest([op, item.manifest])
        out[f"{item.key} in the cluster"] = digest(canonical(item.live)) if item.live else ""
        for ref in references(item.manifest or {}):
            other = live.objects.get(ref.key)
            if ref.key not in mine and other is not None:
                out[f"{ref.key} in the cluster"] = digest(canonical(other))
    return out


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What differs between the inputs of a saved plan and those of now, in words; "" when nothing does."""
    changed = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    if "revision" in changed:
        return f"the revision has moved from {before.get('revision', '')[:12]} to {after.get('revision', '')[:12]}"
    if not changed:
        return ""
    shown = ", ".join(changed[:4])
    more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
    return f"this has changed: {shown}{more}"


def document(outcomes: list[Obj], inputs: Mapping[str, Mapping[str, str]], made: str) -> Obj:
    """The file's content: `outcomes` for people, `inputs` (target -> name -> digest) for `apply`, and a hash over all."""
    body: Obj = {
        "kind": KIND,
        "version": VERSION,
        "made": made,
        "inputs": {k: dict(v) for k, v in inputs.items()},
        "targets": outcomes,
    }
    return {**body, "hash": digest(body)}


def read(path: str) -> tuple[str, list[Saved]]:
    """(hash, what it says of each target) of a saved plan. Raises UserError when it is none, or was changed."""
    remedy = "make one with `argosync plan --out FILE`"
    try:
        data: Any = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a JSON file"
        raise UserError(f"{path}: {reason}", remedy) from error
    if not isinstance(data, dict) or data.get("kind") != KIND or data.get("version") != VERSION:
        raise UserError(f"{path}: not a saved plan of this version", remedy)
    told = data.pop("hash", "")
    if digest(data) != told:
        raise UserError(f"{path}: the file was changed after it was written", remedy)
    return str(told), [Saved(name, inputs) for name, inputs in data["inputs"].items()]
