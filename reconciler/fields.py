"""Who owns which field, and what differs between two objects, in words."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from reconciler.model import MANAGER, Obj, canonical
from reconciler.text import clean

MAX_CHANGES = 200
MAX_VALUE = 160
_SECRET_WORDS = (
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "api-key",
    "api_key",
    "credential",
    "private",
)


class Change(NamedTuple):
    """One field that differs: `before` is None where it is added, `after` where it is removed; both are JSON text."""

    path: str
    before: str | None
    after: str | None


def owners(obj: Obj, *steps: str) -> list[tuple[str, str, str]]:
    """(manager, operation, time) of every owner of a field, or of a field around it that is owned as a whole."""
    found = []
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        if entry.get("subresource"):
            continue
        node: Any = entry.get("fieldsV1") or {}
        for step in steps:
            node = node.get(f"f:{step}") if isinstance(node, dict) else None
            # `f:spec: {}` is a leaf: the whole spec is owned as one value, as in the minimal CRDs.
            if node is None or not node:
                break
        if node is not None:
            found.append(
                (str(entry.get("manager", "")), str(entry.get("operation", "")), str(entry.get("time", "")))
            )
    return found


def applied_by_us(obj: Obj) -> bool:
    """Whether we have applied `obj`: a label alone proves nothing, since people copy manifests with their labels."""
    return any(
        entry.get("manager") == MANAGER and entry.get("operation") == "Apply"
        for entry in (obj.get("metadata") or {}).get("managedFields") or []
    )


def spec_is_atomic(obj: Obj) -> bool:
    """Whether the server tracks the whole spec as one field (minimal CRDs)."""
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        spec = (entry.get("fieldsV1") or {}).get("f:spec")
        if spec is not None:
            return not spec
    return False


def foreign_fields(live: Obj, wanted: Obj) -> list[tuple[str, tuple[str, ...]]]:
    """(manager, path) of fields of the spec that only others own and that `wanted` does not have, sorted by path."""
    ours: set[tuple[str, ...]] = set()
    theirs: dict[tuple[str, ...], str] = {}
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        if entry.get("subresource"):
            continue
        fields = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        for path in _leaves(fields, ("spec",)):
            if entry.get("manager") == MANAGER:
                ours.add(path)
            else:
                theirs[path] = str(entry.get("manager", ""))
    return sorted(
        ((manager, path) for path, manager in theirs.items() if path not in ours and not _has(wanted, path)),
        key=lambda found: found[1],
    )


def _leaves(fields: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    out: list[tuple[str, ...]] = []
    stack = [(fields, path)]
    while stack:
        node, here = stack.pop()
        for key, value in node.items():
            if not key.startswith("f:"):
                continue
            if value:
                stack.append((value, (*here, key[2:])))
            else:
                out.append((*here, key[2:]))
    return out


def _has(obj: Any, path: tuple[str, ...]) -> bool:
    for step in path:
        if not isinstance(obj, dict):
            return True
        if step not in obj:
            return False
        obj = obj[step]
    return True


def changes(before: Obj | None, after: Obj | None) -> list[Change]:
    """The fields that differ, sorted by path; lists of named things are compared by name. Values that look secret are hidden.

    This explains a difference that is already known; nothing is decided by it.
    """
    from deepdiff import DeepDiff

    left, right = _by_name(canonical(before or {})), _by_name(canonical(after or {}))
    diff = DeepDiff(left, right, view="tree", ignore_order=False, threshold_to_diff_deeper=0, verbose_level=2)
    out: list[Change] = []
    for group in diff.values():
        for level in group:
            steps = level.path(output_format="list")
            missing = "not present"
            old, new = (None if str(v) == missing else v for v in (level.t1, level.t2))
            out.append(Change(_path(steps), _show(steps, old), _show(steps, new)))
    return sorted(out)[:MAX_CHANGES]


def conflict_causes(body: Obj) -> list[tuple[str, str]]:
    """(field, manager) of each cause of a 409 Conflict of a server-side apply."""
    causes = (body.get("details") or {}).get("causes") or []
    out = []
    for cause in causes:
        message = str(cause.get("message", ""))
        manager = message.split('"')[1] if message.count('"') >= 2 else message
        out.append((str(cause.get("field", "")), clean(manager, limit=80)))
    return out


def _by_name(value: Any) -> Any:
    """Lists whose items all have distinct names become mappings, so that an inserted item is one change."""
    if isinstance(value, dict):
        return {k: _by_name(v) for k, v in value.items()}
    if isinstance(value, list):
        names = [v.get("name") if isinstance(v, dict) else None for v in value]
        if value and all(isinstance(n, str) for n in names) and len(set(names)) == len(names):
            return {f"[{n}]": _by_name(v) for n, v in zip(names, value, strict=True)}
        return [_by_name(v) for v in value]
    return value


def _path(steps: list[Any]) -> str:
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif str(step).startswith("["):
            text += str(step)
        else:
            text += f".{step}" if text else str(step)
    return clean(text, limit=300)


def _show(steps: list[Any], value: Any) -> str | None:
    if value is None:
        return None
    words = " ".join(str(s).lower() for s in steps[-3:])
    if any(word in words for word in _SECRET_WORDS) and not isinstance(value, bool):
        return "[hidden]"
    if isinstance(value, dict):
        value = _unnamed(value)
    return clean(json.dumps(hide(value), ensure_ascii=False), limit=MAX_VALUE)


def _unnamed(value: Any) -> Any:
    if isinstance(value, dict):
        if value and all(str(k).startswith("[") for k in value):
            return [_unnamed(v) for v in value.values()]
        return {k: _unnamed(v) for k, v in value.items()}
    return [_unnamed(v) for v in value] if isinstance(value, list) else value


def hide(value: Any, *, secret: bool = False) -> Any:
    """`value` with every string hidden that stands under a name that sounds secret."""
    if isinstance(value, dict):
        named = secret or any(word in str(value.get("name", "")).lower() for word in _SECRET_WORDS)
        return {
            k: "[hidden]" if isinstance(v, str) and (_is_secret(k) or (named and k == "value")) else hide(v)
            for k, v in value.items()
        }
    return [hide(v) for v in value] if isinstance(value, list) else value


def _is_secret(key: Any) -> bool:
    return any(word in str(key).lower() for word in _SECRET_WORDS)
