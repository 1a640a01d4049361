"""The part of gjson's path language that label keys can spell: names and indices joined by dots, `#` for lengths."""

from __future__ import annotations

from typing import Any

from argolint.language.values import float_json, to_json


def find(obj: Any, path: str) -> tuple[bool, Any]:
    """(found, value) of what stands at `path`; `\\.` is a dot inside a name, `*` and `?` match in names."""
    return _walk(obj, _parts(path))


def _parts(path: str) -> list[str]:
    parts: list[str] = [""]
    at = 0
    while at < len(path):
        char = path[at]
        if char == "\\" and at + 1 < len(path):
            parts[-1] += path[at + 1]
            at += 1
        elif char in ".|":
            parts.append("")
        else:
            parts[-1] += char
        at += 1
    return parts


def _walk(obj: Any, parts: list[str]) -> tuple[bool, Any]:
    for index, part in enumerate(parts):
        if isinstance(obj, dict):
            if part not in obj:
                name = _wild(obj, part)
                if name is None:
                    return False, None
                part = name
            obj = obj[part]
        elif isinstance(obj, list):
            if part == "#":
                rest = parts[index + 1 :]
                if not rest:
                    return True, len(obj)
                found = [_walk(item, rest) for item in obj]
                return True, [value for hit, value in found if hit]
            if not part.isdigit() or int(part) >= len(obj):
                return False, None
            obj = obj[int(part)]
        else:
            return False, None
    return True, obj


def _wild(obj: dict[str, Any], part: str) -> str | None:
    if "*" not in part and "?" not in part:
        return None
    import fnmatch

    return next((key for key in obj if fnmatch.fnmatchcase(key, part)), None)


def get(obj: Any, path: str) -> str | None:
    """The text of what stands at `path`, as gjson's `String()` gives it; None if nothing does."""
    found, value = find(obj, path)
    if not found:
        return None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_json(value)
    if isinstance(value, (dict, list)):
        return to_json(value)
    return str(value)
