"""The patch formats: JSON merge patch, JSON patch and strategic merge patch."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import jsonpatch
import jsonpointer
import orjson

from executor.cluster.http import check_depth
from executor.cluster.status import ApiStatus, bad_request

_MAX_COPIED: Final = 3 * 1024 * 1024
"""JSON bytes that the copies of one JSON patch may add up to (upstream: JSONPatchMaxCopyBytes)."""

ListKeys = Callable[[tuple[str, ...]], tuple[str, str] | None]
"""From the path of a list (field names only) to its patch strategy and merge key, if it has a strategy."""


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: `patch` over `target`; null removes. `target` may be changed and parts of `patch` end up in the result."""
    if not isinstance(patch, dict):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result


def json_patch(target: dict[str, Any], operations: Any) -> dict[str, Any]:
    """RFC 6902. ApiStatus 422 when an operation does not fit the object, 400 when it is not one."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: a JSON patch is a list of operations")
    if len(operations) > 10_000:
        raise ApiStatus(
            413, "RequestEntityTooLarge", "The allowed maximum operations in a JSON patch is 10000"
        )
    try:
        patched: dict[str, Any] = _bounded_patch(operations).apply(target)
    except (
        jsonpatch.JsonPatchConflict,
        jsonpatch.JsonPatchTestFailed,
        jsonpointer.JsonPointerException,
    ) as error:
        reason = re.sub(r" \(<class '\w+'>\)", "", str(error))  # whose types are Python's
        raise ApiStatus(
            422, "Invalid", f"the server rejected our request due to an error in our request: {reason}"
        ) from error
    except (jsonpatch.JsonPatchException, TypeError, KeyError, ValueError) as error:
        raise bad_request(f"error decoding patch: {error}") from error
    if not isinstance(patched, dict):
        raise bad_request("error decoding patch: the result is not an object")
    check_depth(patched)
    return patched


def _bounded_patch(operations: list[Any]) -> Any:
    """A JSON patch whose copies, which can double an object each time, are counted."""
    copied = 0

    class Copy(jsonpatch.CopyOperation):  # type: ignore[misc]
        def apply(self, obj: Any) -> Any:
            nonlocal copied
            source = self.pointer_cls(self.operation["from"])
            copied += len(orjson.dumps(source.resolve(obj, None)))
            if copied > _MAX_COPIED:
                raise ApiStatus(
                    413,
                    "RequestEntityTooLarge",
                    f"Unable to apply patch due to total copy size: limit is {_MAX_COPIED}",
                )
            return super().apply(obj)

    class Patch(jsonpatch.JsonPatch):  # type: ignore[misc]
        operations: ClassVar[Any] = {**jsonpatch.JsonPatch.operations, "copy": Copy}

    return Patch(operations)


def strategic_merge(target: Any, patch: Any, keys: ListKeys, path: tuple[str, ...] = ()) -> Any:
    """Strategic merge of `patch` over `target` (upstream: apimachinery strategicpatch).

    Lists with patch strategy `merge` merge by key, or as sets when they hold scalars. Directives: `$patch` (replace,
    delete, merge), `$retainKeys`, `$deleteFromPrimitiveList/F`, `$setElementOrder/F`.
    """
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    if directive == "replace":
        return _without_directives(patch)
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise bad_request(f"Unknown patch type: {directive}")
    result = dict(target) if isinstance(target, dict) else {}
    if retained := patch.get("$retainKeys"):
        result = {key: value for key, value in result.items() if key in retained}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            field = key.partition("/")[2]
            gone = {_ident(item) for item in value} if isinstance(value, list) else set()
            result[field] = [item for item in result.get(field) or [] if _ident(item) not in gone]
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        here = (*path, key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = strategic_merge(result.get(key), value, keys, here)
        elif isinstance(value, list):
            result[key] = _merge_lists(result.get(key), value, keys, here)
        else:
            result[key] = value
    for key, value in patch.items():
        if key.startswith("$setElementOrder/"):
            field = key.partition("/")[2]
            if isinstance(result.get(field), list) and isinstance(value, list):
                result[field] = _ordered(result[field], value, keys((*path, field)))
    return result


def _without_directives(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_directives(item) for key, item in value.items() if not key.startswith("$")}
    if isinstance(value, list):
        return [_without_directives(item) for item in value]
    return value


def _merge_lists(live: Any, patch: list[Any], keys: ListKeys, path: tuple[str, ...]) -> list[Any]:
    strategy, key = keys(path) or ("", "")
    objects = all(isinstance(item, dict) for item in patch)
    replace = any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch)
    if "merge" not in strategy.split(",") or replace or not isinstance(live, list):
        return [
            _without_directives(item)
            for item in patch
            if not (isinstance(item, dict) and item.get("$patch") in ("replace", "delete"))
        ]
    if not objects or not key:
        known = {_ident(item) for item in live}
        return [*live, *(item for item in patch if _ident(item) not in known)]
    result: list[Any] = list(live)
    places: dict[Any, int] = {}
    for index, old in enumerate(result):
        places.setdefault(_ident(old.get(key)), index)
    deleted: set[int] = set()
    for item in patch:
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        ident = _ident(item[key])
        if item.get("$patch") == "delete":
            deleted.add(places.pop(ident, -1))
        elif ident in places:
            result[places[ident]] = strategic_merge(result[places[ident]], item, keys, path)
        else:
            places[ident] = len(result)
            result.append(strategic_merge({}, item, keys, path))
    return [old for index, old in enumerate(result) if index not in deleted] if deleted else result


def _ident(value: Any) -> Any:
    """What stands for a value in a set: lists are long and are not searched."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return (type(value) is bool, value)


def _ordered(items: list[Any], order: list[Any], strategy: tuple[str, str] | None) -> list[Any]:
    """`items` in the order that the patch names; others keep their place relative to the named one before them."""
    key = strategy[1] if strategy else ""

    def ident(item: Any) -> Any:
        return _ident(item.get(key) if isinstance(item, Mapping) and key else item)

    wanted: dict[Any, int] = {}
    for place, item in enumerate(order):
        wanted.setdefault(ident(item), place)
    original: dict[Any, int] = {}
    for place, item in enumerate(items):
        original.setdefault(ident(item), place)
    named = sorted((item for item in items if ident(item) in wanted), key=lambda item: wanted[ident(item)])
    others = deque(item for item in items if ident(item) not in wanted)
    result: list[Any] = []
    for item in named:
        while others and original[ident(others[0])] < original[ident(item)]:
            result.append(others.popleft())
        result.append(item)
    return [*result, *others]
