"""Conversions that sprig's functions share: they never fail, what does not convert is zero."""

from __future__ import annotations

import math
from typing import Any

from argolint.language.values import sprint, type_name, wrap

MAX_TEXT = 10_000_000
MAX_ITEMS = 1_000_000


def text(value: Any) -> str:
    """A string argument. Raises ValueError for anything else, as Go's call would."""
    if not isinstance(value, str):
        raise ValueError(f"wrong type {type_name(value)}, expected string")
    return value


def whole(value: Any) -> int:
    """An int argument. Raises ValueError for anything else."""
    if type(value) is not int:
        if type(value) is float and value.is_integer():
            return int(value)
        raise ValueError(f"wrong type {type_name(value)}, expected int")
    return value


def items(value: Any) -> list[Any]:
    """A list argument. Raises ValueError for anything else."""
    if not isinstance(value, (list, tuple, bytes)):
        raise ValueError(f"wrong type {type_name(value)}, expected a list")
    return list(value)


def mapping(value: Any) -> dict[Any, Any]:
    """A dict argument. Raises ValueError for anything else."""
    if not isinstance(value, dict):
        raise ValueError(f"wrong type {type_name(value)}, expected a dict")
    return value


def to_int(value: Any) -> int:
    """`int64`: numbers truncated, strings read (0x too), true is 1, all else 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return wrap(value)
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and abs(value) < 2**63 else -(2**63)
    if isinstance(value, str) and len(value) < 70:
        try:
            number = int(value, 0) if value == value.strip() else 0
        except ValueError:
            digits = value.lstrip("+-")
            number = 0
            if digits.isdigit() and digits.isascii() and len(value) - len(digits) < 2:
                try:
                    number = int(value, 8)
                except ValueError:
                    number = 0
        return number if wrap(number) == number else 0
    return 0


def to_float(value: Any) -> float:
    """`float64`: numbers, strings read, true is 1, all else 0."""
    if isinstance(value, (bool, int, float)):
        return float(value)
    if isinstance(value, str) and value == value.strip() and len(value) < 400:
        try:
            return float(value)
        except ValueError:
            return 0.0
    return 0.0


def strings(value: Any) -> list[str]:
    """`toStrings`: each element as text; nil elements are left out; a single value is a list of one."""
    if value is None:
        return []
    if isinstance(value, (list, tuple, bytes)):
        return [shown(one) for one in value if one is not None]
    return [shown(value)]


def shown(value: Any) -> str:
    """`toString`: bytes as the text that they are, all else as Go prints it."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else sprint(value)


def is_empty(value: Any) -> bool:
    """`empty`: nil, zero, "", false, an empty list or dict."""
    if value is None or value is False:
        return True
    if isinstance(value, (int, float)):
        return value == 0
    if isinstance(value, (str, list, tuple, dict, bytes)):
        return len(value) == 0
    return False


def bounded(value: str) -> str:
    """A made text, unless it is too long. Raises ValueError."""
    if len(value) > MAX_TEXT:
        raise ValueError("memory budget exceeded")
    return value
