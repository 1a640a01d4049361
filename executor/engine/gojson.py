"""JSON as Go writes it, where its text becomes the value of a variable (upstream: encoding/json).

Go escapes `<`, `>` and `&`, sorts the keys of maps, writes whole floats without a point, and hands raw messages on as they
were read, number spelling and order of keys included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_HTML = re.compile("[<>&\u2028\u2029]")
_BLANK = re.compile(r'("(?:[^"\\]|\\.)*")|[ \t\n\r]+')
_SPACE = re.compile(r"[ \t\n\r]*")


def _refuse(text: str) -> Any:
    raise ValueError(f"invalid character {text[0]!r} looking for beginning of value")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def decode(text: str) -> Any:
    """The value of a JSON text; ValueError if it is none (NaN and Infinity are none)."""
    return _DECODER.decode(text)


def escaped(text: str) -> str:
    """A JSON text with the characters escaped that Go does not write plainly."""
    return _HTML.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def compact(text: str) -> str:
    """A raw JSON text as Go writes it into another one: without blanks between tokens."""
    return escaped(_BLANK.sub(lambda found: found.group(1) or "", text))


def marshal(value: Any) -> str:
    """The JSON text of a Go struct or list: keys in their order."""
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def marshal_any(value: Any) -> str:
    """The JSON text of a value that Go had decoded without a type: sorted keys, all numbers float64."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{marshal(k)}:{marshal_any(v)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(marshal_any(item) for item in value) + "]"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(value)
    return marshal(value)


def from_yaml(value: Any) -> str:
    """The JSON text that a value in a manifest has once it went through the API: sorted keys, whole floats as integers."""
    return json.dumps(_whole(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _whole(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number(value: float) -> str:
    """A number as Go writes a float64 in JSON."""
    size = abs(float(value))
    if size != 0 and (size < 1e-6 or size >= 1e21):
        mantissa, _, exponent = repr(float(value)).partition("e")
        mantissa = mantissa.removesuffix(".0")
        if not exponent:
            mantissa, _, exponent = f"{float(value):e}".partition("e")
            mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{exponent[0] if exponent[0] in '+-' else '+'}{exponent.lstrip('+-0').zfill(2)}"
    if float(value).is_integer():
        return str(int(value))
    return format_plain(float(value))


def format_plain(value: float) -> str:
    """A float in as few digits as tell it apart, never with an exponent."""
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    from decimal import Decimal

    return format(Decimal(text), "f")


def elements(text: str) -> list[str] | None:
    """The raw texts of the items of a JSON list; None for null. ValueError if the text is neither."""
    value = decode(text)
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError(f"cannot unmarshal {_kind(value)} into a list")
    found = []
    position = _skip(text, text.index("[") + 1)
    for _ in value:
        _, end = _DECODER.raw_decode(text, position)
        found.append(text[position:end])
        position = _skip(text, _skip(text, end) + 1)
    return found


def members(text: str) -> dict[str, str]:
    """The raw texts of the values of a JSON object."""
    found: dict[str, str] = {}
    position = _skip(text, text.index("{") + 1)
    while text[position] != "}":
        name, end = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, end) + 1)
        _, end = _DECODER.raw_decode(text, position)
        found[name] = text[position:end]
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def plain(raw: str) -> str:
    """A raw JSON value as text: what a string says, anything else as JSON without blanks."""
    return str(json.loads(raw)) if raw.startswith('"') else compact(raw)


def bare(raw: str) -> str:
    """A raw JSON value as it names a loop's iteration: without blanks, and without the quotes of a string, whose escapes stay."""
    text = compact(raw)
    return text[1:-1] if text.startswith('"') else text


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "object" if isinstance(value, Mapping) else "string"
