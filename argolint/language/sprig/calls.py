"""Calls of sprig's functions by expressions: Go's reflection takes arguments of the very type only, and nil as a zero value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from argolint.language.gotime import Time
from argolint.language.sprig.signatures import INT64, SIGNATURES
from argolint.language.values import NilList, type_name


class Int64(int):
    """An int64: a number like an int, but no argument where a function wants an int."""


_ZERO: dict[str, Any] = {"s": "", "i": 0, "b": False, "f": 0.0, "u": 0, "t": Time(-62_135_596_800 * 10**9)}
_GO = {
    "s": "string", "i": "int", "l": "[]interface {}", "m": "map[string]interface {}", "t": "time.Time", "u": "uint32", "b": "bool",
    "f": "float64", "c": "sprig.certificate",
}  # fmt: skip
_KINDS: dict[str, type] = {"s": str, "l": list, "m": dict, "t": Time, "b": bool, "f": float, "c": dict}
_WRITES = ("set",)
_SEES_TYPES = frozenset(("typeOf", "typeIs", "typeIsLike", "kindOf", "kindIs", "duration", "durationRound"))


def typed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of sprig that takes its arguments as Go's reflection passes them.

    It raises ValueError for an argument of another type, and for a wrong number of them.
    """
    signature = SIGNATURES.get(name)
    if signature is None:
        return function
    fixed, star, many = signature.partition("*")
    sees_types = name in _SEES_TYPES

    def call(*args: Any) -> Any:
        if len(args) < len(fixed) or (not star and len(args) > len(fixed)):
            wanted = f"at least {len(fixed)}" if star else str(len(fixed))
            raise ValueError(f"invalid number of arguments: expected {wanted}, got {len(args)}")
        passed = [
            _passed(arg, fixed[at] if at < len(fixed) else many, sees_types) for at, arg in enumerate(args)
        ]
        if name in _WRITES and args[0] is None:
            raise ValueError("assignment to entry in nil map")
        result = function(*passed)
        if name == "semver":
            # What it gives has methods: `semver("1.2.3").Major()`.
            return {key: partial(_given, value) for key, value in result.items()}
        return Int64(result) if name in INT64 else result

    return call


def _given(value: Any) -> Any:
    return value


def _passed(value: Any, code: str, sees_types: bool) -> Any:
    if code == "a":
        return int(value) if value.__class__ is Int64 and not sees_types else value
    if value is None:
        return {} if code in ("m", "c") else NilList() if code == "l" else _ZERO[code]
    if code == "i":
        if value.__class__ is int:
            return value
    elif code in _KINDS and isinstance(value, _KINDS[code]):
        return value
    shown = "int64" if value.__class__ is Int64 else type_name(value)
    raise ValueError(f"cannot use {shown} as {_GO[code]}")
