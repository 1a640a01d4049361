"""sprig: arithmetic. Integers are int64 and wrap; the `…f` functions are decimals turned into float64."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from typing import Any

from argolint.language.expr.hooks import Hooks
from argolint.language.sprig.common import MAX_ITEMS, to_float, to_int, whole
from argolint.language.values import sprint, wrap


def _decimal(value: Any) -> decimal.Decimal:
    number = to_float(value)
    if not math.isfinite(number):
        raise ValueError(f"cannot make a decimal of {number}")
    return decimal.Decimal(repr(number))


def _fold(
    first: Any, rest: tuple[Any, ...], op: Callable[[decimal.Decimal, decimal.Decimal], decimal.Decimal]
) -> float:
    total = _decimal(first)
    for value in rest:
        total = op(total, _decimal(value))
    return float(total)


def _divide(a: decimal.Decimal, b: decimal.Decimal) -> decimal.Decimal:
    if not b:
        raise ValueError("decimal division by 0")
    return (a / b).quantize(decimal.Decimal("1e-16")) if abs(a / b) < decimal.Decimal("1e11") else a / b


def _div(a: Any, b: Any) -> int:
    left, right = to_int(a), to_int(b)
    if right == 0:
        raise ValueError("runtime error: integer divide by zero")
    quotient = abs(left) // abs(right)
    return wrap(-quotient if (left < 0) != (right < 0) else quotient)


def _mod(a: Any, b: Any) -> int:
    left, right = to_int(a), to_int(b)
    if right == 0:
        raise ValueError("runtime error: integer divide by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _mul(first: Any, *rest: Any) -> int:
    total = to_int(first)
    for value in rest:
        total = wrap(total * to_int(value))
    return total


def _round(value: Any, places: Any, round_on: Any = 0.5) -> float:
    number, count = to_float(value), whole(places)
    if not math.isfinite(number) or abs(count) > 300:
        return number
    factor = math.pow(10, count)
    digit = factor * number
    fraction = math.fmod(digit, 1)
    try:
        rounded = math.ceil(digit) if fraction >= to_float(round_on) else math.floor(digit)
    except OverflowError:
        return number
    return rounded / factor


def _range(start: int, stop: int, step: int) -> list[int]:
    if step == 0:
        return []
    span = range(start, stop, step)
    if len(span) > MAX_ITEMS:
        raise ValueError("memory budget exceeded")
    return list(span)


def _until_step(start: Any, stop: Any, step: Any) -> list[int]:
    return _range(whole(start), whole(stop), whole(step))


def _seq(*params: Any) -> str:
    numbers = [whole(param) for param in params]
    if len(numbers) == 1:
        end = numbers[0]
        made = _range(1, end + (1 if end >= 1 else -1), 1 if end >= 1 else -1)
    elif len(numbers) == 2:
        step = 1 if numbers[1] >= numbers[0] else -1
        made = _range(numbers[0], numbers[1] + step, step)
    elif len(numbers) == 3:
        start, step, end = numbers
        if (end < start and step > 0) or step == 0:
            return ""
        made = _range(start, end + (1 if end >= start else -1), step)
    else:
        return ""
    return " ".join(map(str, made))


def _atoi(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError("atoi takes a string")
    digits = value[1:] if value[:1] in ("+", "-") else value
    return int(value) if digits.isascii() and digits.isdigit() and len(digits) < 19 else 0


def _to_decimal(value: Any) -> int:
    """Octal text as a number."""
    try:
        return int(sprint(value), 8)
    except ValueError:
        return 0


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name."""

    def rand_int(low: Any, high: Any) -> int:
        span = whole(high) - whole(low)
        if span <= 0:
            raise ValueError("invalid argument to Intn")
        return int(int.from_bytes(hooks.random(8), "big") % span) + whole(low)

    return {
        "atoi": _atoi,
        "int64": to_int,
        "int": to_int,
        "float64": to_float,
        "seq": _seq,
        "toDecimal": _to_decimal,
        "until": lambda count: _range(0, whole(count), 1 if whole(count) >= 0 else -1),
        "untilStep": _until_step,
        "add1": lambda a: wrap(to_int(a) + 1),
        "add": lambda *values: wrap(sum(map(to_int, values))),
        "sub": lambda a, b: wrap(to_int(a) - to_int(b)),
        "div": _div,
        "mod": _mod,
        "mul": _mul,
        "randInt": rand_int,
        "add1f": lambda a: _fold(a, (1,), lambda x, y: x + y),
        "addf": lambda *values: _fold(0, values, lambda x, y: x + y),
        "subf": lambda a, *rest: _fold(a, rest, lambda x, y: x - y),
        "divf": lambda a, *rest: _fold(a, rest, _divide),
        "mulf": lambda a, *rest: _fold(a, rest, lambda x, y: x * y) + 0.0,
        "biggest": lambda *values: max(map(to_int, values)),
        "max": lambda *values: max(map(to_int, values)),
        "min": lambda *values: min(map(to_int, values)),
        "maxf": lambda *values: max(map(to_float, values)),
        "minf": lambda *values: min(map(to_float, values)),
        "ceil": lambda a: float(math.ceil(to_float(a))),
        "floor": lambda a: float(math.floor(to_float(a))),
        "round": _round,
    }
