"""Setting a value at a path, as Argo Events sets a parameter's `dest` (the part of sjson's paths that manifests use). Pure."""

from __future__ import annotations

import copy
import json
from typing import Any

from argolint.language import gjson


class PathError(ValueError):
    """A path that cannot be set; the text says why."""


def parts_of(path: str) -> list[str]:
    """The names and indices of a path; `\\.` is a dot inside a name."""
    parts, at = [""], 0
    while at < len(path):
        if path[at] == "\\" and at + 1 < len(path):
            parts[-1] += path[at + 1]
            at += 2
            continue
        if path[at] == ".":
            parts.append("")
        else:
            parts[-1] += path[at]
        at += 1
    if any(part in ("#", "*") or "|" in part for part in parts) or not all(parts):
        raise PathError(f"the path {path!r} cannot be set")
    return parts


def put(obj: Any, path: str, value: Any) -> Any:
    """A copy of `obj` with `value` at `path`; what is missing on the way is made. `-1` appends to a list. Raises PathError."""
    made = copy.deepcopy(obj)
    here: Any = made
    parts = parts_of(path)
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        following: Any = [] if not last and _is_index(parts[index + 1]) else {}
        if isinstance(here, list):
            if not _is_index(part):
                raise PathError(f"{part!r} in {path!r} is not an index, but a list is there")
            place = len(here) if part == "-1" else int(part)
            if place > 10_000:
                raise PathError(f"the index {part} in {path!r} is too large")
            while len(here) < place:
                here.append(None)
            if place == len(here):
                here.append(None)
            if last:
                here[place] = value
            else:
                if not isinstance(here[place], (dict, list)):
                    here[place] = following
                here = here[place]
        else:
            if last:
                here[part] = value
            else:
                if not isinstance(here.get(part), (dict, list)):
                    here[part] = following
                here = here[part]
    return made


def _is_index(part: str) -> bool:
    return part == "-1" or part.isdigit()


def changed(obj: Any, path: str, value: str, operation: str, *, raw: bool = False) -> Any:
    """`put` with an operation: overwrite (or none), append or prepend to the text that is there. Raises PathError."""
    before = gjson.get(obj, path) if operation in ("append", "prepend") else None
    if operation not in ("", "overwrite", "append", "prepend"):
        raise PathError(f"unsupported parameter operation: {operation}")
    if before is not None:
        return put(obj, path, before + value if operation == "append" else value + before)
    if raw:
        try:
            return put(obj, path, json.loads(value))
        except ValueError:
            pass
    return put(obj, path, value)
