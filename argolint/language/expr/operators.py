"""The operators of expr-lang v1.17 on values. Each raises ValueError with upstream's wording."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from argolint.language import goregex
from argolint.language.gotime import Duration, Time, Zone
from argolint.language.values import AnyMap, Groups, NilList, equal, is_number, sprint, type_name, wrap


def _bad(left: Any, op: str, right: Any) -> ValueError:
    return ValueError(f"invalid operation: {type_name(left)} {op} {type_name(right)}")


def add(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int:
        return wrap(left + right)
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if is_number(left) and is_number(right):
        return left + right
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(wrap(left.ns + right.ns))
    if isinstance(left, Time) and isinstance(right, Duration):
        return Time(left.ns + right.ns, left.zone)
    if isinstance(left, Duration) and isinstance(right, Time):
        return Time(left.ns + right.ns, right.zone)
    raise _bad(left, "+", right)


def subtract(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        result = left - right
        return wrap(result) if type(result) is int else result
    if isinstance(left, Time) and isinstance(right, Time):
        return Duration(left.ns - right.ns)
    if isinstance(left, Time) and isinstance(right, Duration):
        return Time(left.ns - right.ns, left.zone)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(wrap(left.ns - right.ns))
    raise _bad(left, "-", right)


def multiply(left: Any, right: Any) -> Any:
    if is_number(left) and is_number(right):
        result = left * right
        return wrap(result) if type(result) is int else result
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(wrap(left.ns * right.ns))
    if isinstance(left, Duration) and is_number(right):
        return Duration(wrap(left.ns * right)) if right.__class__ is int else float(left.ns) * right
    if is_number(left) and isinstance(right, Duration):
        return Duration(wrap(left * right.ns)) if left.__class__ is int else left * float(right.ns)
    raise _bad(left, "*", right)


def divide(left: Any, right: Any) -> float:
    """Division always gives a float64; by zero it gives an infinity or NaN."""
    if not (is_number(left) and is_number(right)):
        raise _bad(left, "/", right)
    if right == 0:
        if left == 0 or (type(left) is float and math.isnan(left)):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, float(right))
    return float(left) / float(right)


def modulo(left: Any, right: Any) -> int:
    if type(left) is not int or type(right) is not int:
        raise _bad(left, "%", right)
    if right == 0:
        raise ValueError("runtime error: integer divide by zero")
    return (
        int(math.fmod(left, right)) if abs(left) < 2**52 and abs(right) < 2**52 else _truncated(left, right)
    )


def _truncated(left: int, right: int) -> int:
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def power(left: Any, right: Any) -> float:
    """Powers always give a float64."""
    if not (is_number(left) and is_number(right)):
        raise _bad(left, "**", right)
    try:
        return _power(float(left), float(right))
    except OverflowError:
        return -math.inf if left < 0 and right == int(right) and int(right) % 2 else math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def _power(base: float, exponent: float) -> float:
    """As Go computes it, which differs from C's pow in the last digits: by squaring, on mantissa and exponent apart."""
    fraction, whole_part = math.modf(abs(exponent))
    simple = base in (0.0, 1.0) or abs(exponent) in (0.0, 0.5, 1.0) or whole_part >= 2**63
    if simple or not (math.isfinite(base) and math.isfinite(exponent)) or (base < 0 and fraction):
        return math.pow(base, exponent)
    result, shift = 1.0, 0
    if fraction:
        if fraction > 0.5:
            fraction, whole_part = fraction - 1, whole_part + 1
        result = math.exp(fraction * math.log(base))
    mantissa, power_of_two = math.frexp(base)
    count = int(whole_part)
    while count:
        if not -(1 << 13) < power_of_two < 1 << 13:
            # The result is beyond what a float64 can hold.
            return math.pow(base, exponent)
        if count & 1:
            result *= mantissa
            shift += power_of_two
        mantissa *= mantissa
        power_of_two *= 2
        if mantissa < 0.5:
            mantissa *= 2
            power_of_two -= 1
        count >>= 1
    if exponent < 0:
        result, shift = 1 / result, -shift
    return math.ldexp(result, shift)


def compare(op: str, left: Any, right: Any) -> bool:
    """`<`, `<=`, `>`, `>=` on two numbers, strings, times or durations."""
    a: Any
    b: Any
    if is_number(left) and is_number(right):
        a, b = (left, right) if left.__class__ is right.__class__ else (float(left), float(right))
    elif isinstance(left, str) and isinstance(right, str):
        a, b = left, right
        if not (left.isascii() and right.isascii()):
            a, b = octets(left), octets(right)
    elif (isinstance(left, Time) and isinstance(right, Time)) or (
        isinstance(left, Duration) and isinstance(right, Duration)
    ):
        a, b = left.ns, right.ns
    else:
        raise _bad(left, op, right)
    return bool(_COMPARE[op](a, b))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def contains_element(needle: Any, container: Any) -> bool:
    """`in`: an element of a list, a key of a map; nothing is in nil."""
    if container is None:
        return False
    if isinstance(container, (list, tuple)):
        return any(equal(item, needle) for item in container)
    if isinstance(container, dict):
        return map_key(container, needle) in container
    if isinstance(container, (Time, Zone)):
        return False
    raise ValueError(f'operator "in" not defined on {type_name(container)}')


def map_key(container: dict[Any, Any], key: Any) -> Any:
    """The key as a map takes it: nil stands for "" in a map of strings. Raises ValueError for another type."""
    if isinstance(container, AnyMap):
        if isinstance(key, (list, dict)):
            raise ValueError(f"cannot use {type_name(key)} as a map key")
        return key
    if key is None:
        return ""
    if not isinstance(key, str):
        raise ValueError(f"cannot use {type_name(key)} as type string in map key")
    return key


def octets(text: str) -> bytes:
    """The UTF-8 of a string; bytes that are none are kept as lone surrogates."""
    return text.encode("utf-8", "surrogateescape") if not text.isascii() else text.encode()


def matches(text: Any, pattern: Any) -> bool:
    """`matches`: whether an RE2 pattern is found anywhere in a string; nil on either side gives false."""
    if text is None or pattern is None:
        return False
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise _bad(text, "matches", pattern)
    return goregex.search(pattern, text)


def string_test(op: str, text: Any, part: Any) -> bool:
    """`contains`, `startsWith`, `endsWith`; nil on either side gives false."""
    if text is None or part is None:
        return False
    if not isinstance(text, str) or not isinstance(part, str):
        raise _bad(text, op, part)
    if op == "contains":
        return part in text
    return text.startswith(part) if op == "startsWith" else text.endswith(part)


def span(low: Any, high: Any) -> range:
    """`low..high`, both ends included; empty when high is less."""
    if not is_number(low) or not is_number(high):
        raise _bad(low, "..", high)
    return range(whole(low), whole(high) + 1)


def whole(value: Any) -> int:
    """A number as an int, as Go converts it on amd64. Raises ValueError for what is no number."""
    if value.__class__ is int:
        return int(value)
    if value.__class__ is not float:
        raise ValueError(f"invalid operation: int({type_name(value)})")
    if math.isnan(value) or math.isinf(value) or not -(2**63) <= value < 2**63:
        return -(2**63)
    return int(value)


def fetch(container: Any, key: Any) -> Any:
    """`container[key]`: nil for a missing key of a map; negative indices count from the end."""
    if isinstance(container, dict):
        return container.get(map_key(container, key), NilList() if isinstance(container, Groups) else None)
    if isinstance(container, (list, tuple, str, bytes)):
        items: Any = octets(container) if isinstance(container, str) else container
        index = whole(key)
        index = index + len(items) if index < 0 else index
        if not 0 <= index < len(items):
            kind = "string" if isinstance(container, str) else "array"
            raise ValueError(f"index out of range: {index} ({kind} length is {len(items)})")
        return items[index]
    if isinstance(container, Mapping):
        return container.get(key)
    raise ValueError(f"cannot fetch {sprint(key)} from {type_name(container)}")


def cut(container: Any, low: Any, high: Any) -> Any:
    """`container[low:high]` of a list, or of the bytes of a string; bounds beyond the ends are moved there."""
    if isinstance(container, str) and not container.isascii():
        return cut(octets(container), low, high).decode("utf-8", "surrogateescape")
    if not isinstance(container, (list, tuple, str, bytes)):
        raise ValueError(f"cannot slice {type_name(container)}")
    size = len(container)
    start, stop = whole(low), whole(high)
    start = max(start + size, 0) if start < 0 else start
    stop = max(stop + size, 0) if stop < 0 else min(stop, size)
    return container[min(start, stop) : stop]


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "**": power,
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    "in": contains_element,
    "matches": matches,
    "<": lambda a, b: compare("<", a, b),
    "<=": lambda a, b: compare("<=", a, b),
    ">": lambda a, b: compare(">", a, b),
    ">=": lambda a, b: compare(">=", a, b),
    "contains": lambda a, b: string_test("contains", a, b),
    "startsWith": lambda a, b: string_test("startsWith", a, b),
    "endsWith": lambda a, b: string_test("endsWith", a, b),
    "..": span,
}
