"""sprig: lists and dicts. Nothing is changed in place: `set` and `unset` give a new dict."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from argolint.language.expr.hooks import Hooks
from argolint.language.sprig.common import is_empty, items, mapping, text, to_int, whole
from argolint.language.values import NilList, equal, sort_keys, sprint


def _dict(*pairs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for index in range(0, len(pairs), 2):
        made[sprint(pairs[index])] = pairs[index + 1] if index + 1 < len(pairs) else ""
    return made


def _uniq(values: Any) -> list[Any]:
    kept: list[Any] = []
    seen: set[Any] = set()
    for value in items(values):
        if isinstance(value, str):
            if value in seen:
                continue
            seen.add(value)
        elif any(equal(value, other) and type(value) is type(other) for other in kept):
            continue
        kept.append(value)
    return kept


def _has(needle: Any, values: Any) -> bool:
    return values is not None and any(_same(needle, value) for value in items(values))


def _same(left: Any, right: Any) -> bool:
    return equal(left, right) and (type(left) is type(right) or not isinstance(left, (int, float)))


def _slice(values: Any, *bounds: Any) -> list[Any] | None:
    source = items(values)
    if not source:
        return None
    low = to_int(bounds[0]) if bounds else 0
    high = to_int(bounds[1]) if len(bounds) > 1 else len(source)
    if not 0 <= low <= high <= len(source):
        raise ValueError("slice bounds out of range")
    return source[low:high]


def _chunk(size: Any, values: Any) -> list[list[Any]]:
    source, count = items(values), whole(size)
    if count <= 0:
        raise ValueError("chunk size must be positive")
    return [source[index : index + count] for index in range(0, len(source), count)]


def _set(target: Any, key: Any, value: Any) -> dict[Any, Any]:
    return {**mapping(target), text(key): value}


def _unset(target: Any, key: Any) -> dict[Any, Any]:
    return {name: value for name, value in mapping(target).items() if name != key}


def _dig(*args: Any) -> Any:
    if len(args) < 3:
        raise ValueError("dig needs at least three arguments")
    *keys, default, target = args
    for key in map(text, keys):
        if key not in mapping(target):
            return default
        target = target[key]
    return target


def _merge(target: Any, *sources: Any) -> dict[Any, Any]:
    made = copy.deepcopy(mapping(target))
    for source in sources:
        _fill(made, mapping(source), False)
    return made


def _merge_overwrite(target: Any, *sources: Any) -> dict[Any, Any]:
    made = copy.deepcopy(mapping(target))
    for source in sources:
        _fill(made, mapping(source), True)
    return made


def _fill(target: dict[Any, Any], source: dict[Any, Any], overwrite: bool) -> None:
    for key, value in source.items():
        mine = target.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            _fill(mine, value, overwrite)
        elif key not in target or (overwrite and not is_empty(value)) or (not overwrite and is_empty(mine)):
            target[key] = copy.deepcopy(value)


def _keys(*dicts: Any) -> list[Any]:
    return [key for one in dicts for key in sort_keys(mapping(one))]


def _pluck(key: Any, *dicts: Any) -> list[Any]:
    return [one[key] for one in map(mapping, dicts) if key in one]


def _concat(*lists: Any) -> list[Any]:
    return [value for one in lists for value in items(one)]


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if not is_empty(value)), None)


def _default(default: Any, *given: Any) -> Any:
    return default if not given or is_empty(given[0]) else given[0]


def _ternary(yes: Any, no: Any, test: Any) -> Any:
    if not isinstance(test, bool):
        raise ValueError("ternary needs a bool as its last argument")
    return yes if test else no


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name; most lists have a twin with `must`, which is the same here as errors are errors anyway."""
    lists: dict[str, Callable[..., Any]] = {
        "append": lambda values, value: [*items(values), value],
        "push": lambda values, value: [*items(values), value],
        "prepend": lambda values, value: [value, *items(values)],
        "first": lambda values: items(values)[0] if items(values) else None,
        "rest": lambda values: items(values)[1:] if items(values) else NilList(),
        "last": lambda values: items(values)[-1] if items(values) else None,
        "initial": lambda values: items(values)[:-1] if items(values) else NilList(),
        "reverse": lambda values: items(values)[::-1],
        "uniq": _uniq,
        "without": lambda values, *gone: [value for value in items(values) if not _has(value, list(gone))],
        "has": _has,
        "slice": _slice,
        "chunk": _chunk,
        "compact": lambda values: [value for value in items(values) if not is_empty(value)],
        "deepCopy": copy.deepcopy,
        "merge": _merge,
        "mergeOverwrite": _merge_overwrite,
    }
    return {
        **lists,
        **{"must" + name[0].upper() + name[1:]: function for name, function in lists.items()},
        "tuple": lambda *values: list(values),
        "list": lambda *values: list(values),
        "concat": _concat,
        "dict": _dict,
        "get": lambda target, key: mapping(target).get(key, ""),
        "set": _set,
        "unset": _unset,
        "hasKey": lambda target, key: key in mapping(target),
        "pluck": _pluck,
        "keys": _keys,
        "values": lambda target: [mapping(target)[key] for key in sort_keys(mapping(target))],
        "pick": lambda target, *keys: {key: mapping(target)[key] for key in keys if key in mapping(target)},
        "omit": lambda target, *keys: {
            key: value for key, value in mapping(target).items() if key not in keys
        },
        "dig": _dig,
        "default": _default,
        "empty": is_empty,
        "coalesce": _coalesce,
        "all": lambda *values: not any(map(is_empty, values)),
        "any": lambda *values: not all(map(is_empty, values)),
        "ternary": _ternary,
    }
