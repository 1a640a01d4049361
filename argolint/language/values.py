"""Go's values as Python's, and how Go prints, compares and marshals them.

nil is None, bool is bool, int is int (64 bits), float64 is float, string is str, []byte is bytes, a slice is a list,
a map is a dict; time.Time and time.Duration are `gotime.Time` and `gotime.Duration`.
"""

from __future__ import annotations

import json
import math
from typing import Any

from argolint.language.gotime import Duration, Enum, Time, Zone
from argolint.patterns import lazy

_quote = json.encoder.encode_basestring


class AnyMap(dict[Any, Any]):
    """A `map[any]any`, as groupBy and fromPairs make it: keys of any kind, and no JSON."""


class Groups(AnyMap):
    """A `map[any][]any`, as groupBy makes it: what it lacks is a nil slice."""


class NilList(list[Any]):
    """A nil slice: an empty list that equals nil and is `null` in JSON."""


class Pairs(list[Any]):
    """What toPairs makes: a list of arrays, which sort cannot take."""


def type_name(value: Any) -> str:
    """Go's name for the type of a value, as `%T` prints it."""
    if value is None:
        return "<nil>"
    kind = type(value)
    if kind is bool:
        return "bool"
    if kind is int:
        return "int"
    if kind is float:
        return "float64"
    if isinstance(value, str):
        return "string"
    if kind is bytes:
        return "[]uint8"
    if isinstance(value, (list, tuple)):
        return "[]interface {}"
    if isinstance(value, dict):
        element = "[]interface {}" if isinstance(value, Groups) else "interface {}"
        return f"map[{'interface {}' if isinstance(value, AnyMap) else 'string'}]{element}"
    if isinstance(value, Time):
        return "time.Time"
    if isinstance(value, Duration):
        return "time.Duration"
    if isinstance(value, Enum):
        return value.type_name
    if isinstance(value, int):
        return "int64"
    if isinstance(value, Zone):
        return "*time.Location"
    return "func" if callable(value) else kind.__name__


def is_number(value: Any) -> bool:
    """Whether Go would see an int or a float64 (a bool is neither)."""
    kind = value.__class__
    return kind is int or kind is float


def wrap(value: int) -> int:
    """`value` as a signed 64-bit integer, as Go's arithmetic wraps."""
    if -0x8000000000000000 <= value <= 0x7FFFFFFFFFFFFFFF:
        return value
    return (value + 0x8000000000000000) % 0x10000000000000000 - 0x8000000000000000


def format_float(value: float, exponent_from: int = 6) -> str:
    """A float64 as Go's `%v` prints it: shortest form, `e` below 1e-4 and from 1e6."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    mantissa, exponent = _shortest(abs(value))
    sign = "-" if value < 0 else ""
    if exponent < -4 or exponent >= exponent_from:
        return f"{sign}{_scientific(mantissa, exponent)}"
    return sign + _plain(mantissa, exponent)


def _shortest(value: float) -> tuple[str, int]:
    """Shortest decimal digits that read back as `value`, and the exponent of the first of them."""
    text = repr(value)
    head, _, tail = text.partition("e")
    whole, _, fraction = head.partition(".")
    digits = whole + ("" if fraction == "0" and not tail else fraction)
    exponent = int(tail or 0) + len(whole) - 1
    stripped = digits.lstrip("0")
    exponent -= len(digits) - len(stripped)
    return stripped.rstrip("0") or "0", exponent


def _scientific(digits: str, exponent: int) -> str:
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    if len(digits) <= exponent + 1:
        return digits + "0" * (exponent + 1 - len(digits))
    return digits[: exponent + 1] + "." + digits[exponent + 1 :]


def float_json(value: float) -> str:
    """A float64 as encoding/json writes it: plain between 1e-6 and 1e21, else `1e-07` without padding."""
    if math.isnan(value) or math.isinf(value):
        raise ValueError(f"json: unsupported value: {format_float(value)}")
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    digits, exponent = _shortest(abs(value))
    sign = "-" if value < 0 else ""
    if -7 < exponent < 21:
        return sign + _plain(digits, exponent)
    text = _scientific(digits, exponent)
    if "e-0" in text:
        text = text.replace("e-0", "e-")
    return sign + text


def sprint(value: Any, depth: int = 0) -> str:
    """A value as Go's `%v` prints it: `[1 2]`, `map[a:1]` (keys sorted), `<nil>`."""
    kind = type(value)
    if kind is str:
        return str(value)
    if value is None:
        return "<nil>"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return format_float(value)
    if kind is bytes:
        return "[" + " ".join(str(byte) for byte in value) + "]"
    if depth > 100:
        return "..."
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(sprint(item, depth + 1) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{sprint(k)}:{sprint(value[k], depth + 1)}" for k in sort_keys(value)) + "]"
    return str(value)


def sort_keys(mapping: dict[Any, Any]) -> list[Any]:
    """The keys of a map in the order in which Go prints and marshals them."""
    return sorted(
        mapping,
        key=lambda key: (
            isinstance(key, str),
            not isinstance(key, str) and sprint(key),
            key if isinstance(key, str) else sprint(key),
        ),
    )


_SURROGATE = lazy("[\ud800-\udc7f\udd00-\udfff]")


def valid(text: str) -> str:
    """A string with each byte that is no UTF-8 (kept as a lone surrogate) replaced by U+FFFD, as any other surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        kept = _SURROGATE.sub("\ufffd", text)
        return kept.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text


def quote_json(text: str, escape_html: bool = True) -> str:
    """A string as encoding/json writes it, quotes included."""
    quoted: str = _quote(text if text.isascii() else valid(text))
    if escape_html:
        if "<" in quoted or ">" in quoted or "&" in quoted:
            quoted = quoted.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    if "\u2028" in quoted or "\u2029" in quoted:
        quoted = quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return quoted


def to_json(value: Any, indent: str = "", escape_html: bool = True) -> str:
    """A value as Go's encoding/json marshals it (map keys sorted). Raises ValueError for what has no JSON."""
    parts: list[str] = []
    _marshal(value, indent, "\n", escape_html, parts, 0)
    return "".join(parts)


def _marshal(value: Any, indent: str, newline: str, html: bool, parts: list[str], depth: int) -> None:
    kind = type(value)
    if kind is str:
        parts.append(quote_json(value, html))
    elif value is None:
        parts.append("null")
    elif kind is bool:
        parts.append("true" if value else "false")
    elif kind is int:
        parts.append(str(value))
    elif kind is float:
        parts.append(float_json(value))
    elif depth > 200:
        raise ValueError("json: nested too deeply")
    elif isinstance(value, (list, tuple, dict)):
        _marshal_container(value, indent, newline, html, parts, depth)
    elif kind is bytes:
        import base64

        parts.append(f'"{base64.b64encode(value).decode()}"')
    elif isinstance(value, Duration):
        parts.append(str(value.ns))
    elif isinstance(value, Enum):
        parts.append(str(int(value)))
    elif isinstance(value, Time):
        parts.append(f'"{value.rfc3339(nano=True)}"')
    elif isinstance(value, str):
        parts.append(quote_json(str(value), html))
    else:
        raise ValueError(f"json: unsupported type: {type_name(value)}")


def _marshal_container(
    value: Any, indent: str, newline: str, html: bool, parts: list[str], depth: int
) -> None:
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    if isinstance(value, AnyMap):
        raise ValueError(f"json: unsupported type: {type_name(value)}")
    if not value:
        parts.append("null" if isinstance(value, NilList) else opening + closing)
        return
    inner = newline + indent
    parts.append(opening)
    first = True
    if isinstance(value, dict):
        for key in sort_keys(value):
            parts.append(("" if first else ",") + (inner if indent else ""))
            parts.append(
                quote_json(key if isinstance(key, str) else sprint(key), html) + (": " if indent else ":")
            )
            _marshal(value[key], indent, inner, html, parts, depth + 1)
            first = False
    else:
        for item in value:
            parts.append(("" if first else ",") + (inner if indent else ""))
            _marshal(item, indent, inner, html, parts, depth + 1)
            first = False
    parts.append((newline if indent else "") + closing)


def from_json(text: str) -> Any:
    """JSON text as Go's encoding/json reads it into `any`: every number is a float64. Raises ValueError."""
    try:
        value = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_no_constant)
        return _mended(value) if "\\ud" in text.lower() else value
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def _mended(value: Any) -> Any:
    """The value of a JSON text in which half a surrogate pair was escaped: U+FFFD stands for it."""
    if isinstance(value, str):
        return valid(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {valid(key): _mended(item) for key, item in value.items()}
    return value


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"json: cannot unmarshal number {text[:100]} into Go value of type float64")
    return value


def _no_constant(text: str) -> Any:
    raise ValueError(f"invalid character {text[:1]!r} looking for beginning of value")


def is_nil(value: Any) -> bool:
    """Whether it is nil, or a nil slice."""
    return value is None or isinstance(value, NilList)


def equal(left: Any, right: Any) -> bool:
    """Equality as expr-lang's runtime has it: numbers by value whatever their kind, lists by their elements, else as `alike`."""
    a, b = left.__class__, right.__class__
    if a is b and (a is str or a is int or a is bool):
        return bool(left == right)
    if is_number(left) and is_number(right):
        return float(left) == float(right) if a is not b else bool(left == right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    if is_nil(left) and is_nil(right):
        return True
    return alike(left, right)


def alike(left: Any, right: Any) -> bool:
    """reflect.DeepEqual: the same kind and content, so that 1 and 1.0 differ."""
    if isinstance(left, (list, tuple)):
        return (
            isinstance(right, (list, tuple))
            and isinstance(left, NilList) == isinstance(right, NilList)
            and len(left) == len(right)
            and all(map(alike, left, right))
        )
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and isinstance(left, AnyMap) == isinstance(right, AnyMap)
            and len(left) == len(right)
            and all(key in right and alike(item, right[key]) for key, item in left.items())
        )
    if left.__class__ is not right.__class__ and not (isinstance(left, str) and isinstance(right, str)):
        return False
    return not callable(left) and bool(left == right)


def printf(layout: str, args: list[Any]) -> str:
    """`fmt.Sprintf`: see `gofmt.printf`."""
    from argolint.language import gofmt

    return gofmt.printf(layout, args)
