"""Go's fmt.Sprintf, and %q."""

from __future__ import annotations

import math
import re
from typing import Any

from argolint.language.values import format_float, is_number, sprint, type_name
from argolint.patterns import lazy

_VERB = lazy(r"%(?P<flags>[-+# 0]*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d*|\*))?(?P<verb>.)", re.DOTALL)
MAX_WIDTH = 10_000


def printf(layout: str, args: list[Any]) -> str:
    """`fmt.Sprintf(layout, args...)`, with Go's notes on mistakes: `%!d(string=x)`, `%!d(MISSING)`, `%!(EXTRA int=1)`.

    Raises ValueError for a width beyond 10,000.
    """
    parts: list[str] = []
    at, index = 0, 0
    rest = list(args)
    for match in _VERB.finditer(layout):
        if match.start() < at:
            continue
        parts.append(layout[at : match.start()])
        at = match.end()
        verb = match["verb"]
        if verb == "%":
            parts.append("%")
            continue
        width, precision = match["width"], match["precision"]
        if width == "*":
            width, index = (str(rest[index]) if index < len(rest) else "0"), index + 1
        if precision == "*":
            precision, index = (str(rest[index]) if index < len(rest) else "0"), index + 1
        if index >= len(rest):
            parts.append(f"%!{verb}(MISSING)")
            continue
        value = rest[index]
        index += 1
        parts.append(
            _verb(
                verb,
                value,
                match["flags"],
                int(width) if width else None,
                int(precision or 0) if precision is not None else None,
            )
        )
    parts.append(
        layout[at:].replace("%", "%!(NOVERB)") if layout.endswith("%") and at < len(layout) else layout[at:]
    )
    if index < len(rest):
        extra = ", ".join(
            f"{type_name(value)}={sprint(value)}" if value is not None else "<nil>" for value in rest[index:]
        )
        parts.append(f"%!(EXTRA {extra})")
    return "".join(parts)


def _verb(verb: str, value: Any, flags: str, width: int | None, precision: int | None) -> str:
    if (width or 0) > MAX_WIDTH or (precision or 0) > MAX_WIDTH:
        raise ValueError("format width is too large")
    if isinstance(value, (list, tuple)) and verb in "dsqxXobf":
        return "[" + " ".join(_verb(verb, item, flags, width, precision) for item in value) + "]"
    text = _body(verb, value, flags, precision)
    if text is None:
        shown = "<nil>" if value is None else f"{type_name(value)}={sprint(value)}"
        return f"%!{verb}({shown})"
    if width is None or len(text) >= width:
        return text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and verb not in "sqvTt":
        sign = text[0] if text[:1] in ("+", "-") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _body(verb: str, value: Any, flags: str, precision: int | None) -> str | None:
    if verb == "T":
        return type_name(value)
    if verb == "v":
        if "#" in flags and isinstance(value, str):
            return quote(value)
        return _signed(sprint(value), value, flags)
    if verb == "t":
        return sprint(value) if isinstance(value, bool) else None
    if verb in "sq" and isinstance(value, str):
        text = value if precision is None else value[:precision]
        return text if verb == "s" else quote(text)
    if verb == "s":
        return (
            sprint(value)
            if not is_number(value) and not isinstance(value, bool) and value is not None
            else None
        )
    if verb in "xX" and isinstance(value, str):
        digits = value.encode("utf-8", "surrogatepass").hex()
        return digits if verb == "x" else digits.upper()
    if type(value) is int:
        return _integer(verb, value, flags, precision)
    if type(value) is float and verb in "eEfFgG":
        return _signed(_float(verb, value, precision), value, flags)
    return None


def _signed(text: str, value: Any, flags: str) -> str:
    if is_number(value) and not text.startswith(("-", "+")):
        return "+" + text if "+" in flags else " " + text if " " in flags else text
    return text


def _integer(verb: str, value: int, flags: str, precision: int | None) -> str | None:
    if verb == "c":
        return chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value < 0xE000 else "\ufffd"
    if verb == "q":
        return f"'{chr(value)}'" if 0 <= value <= 0x10FFFF else "'\ufffd'"
    if verb == "U":
        return f"U+{value:04X}"
    kinds = {"d": "d", "b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
    if verb not in kinds:
        return None
    digits = format(abs(value), kinds[verb])
    if precision:
        digits = digits.rjust(precision, "0")
    prefix = (
        {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "")
        if "#" in flags
        else "0o"
        if verb == "O"
        else ""
    )
    return _signed(("-" if value < 0 else "") + prefix + digits, value, flags)


def _float(verb: str, value: float, precision: int | None) -> str:
    if math.isnan(value) or math.isinf(value):
        return format_float(value)
    if verb in "gG":
        text = format_float(value) if precision is None else format(value, f".{precision}g")
        return text if verb == "g" else text.upper()
    return format(value, f".{6 if precision is None else precision}{verb}")


_SHORT = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}


def quote(text: str) -> str:
    """`%q`: a Go string literal."""
    parts: list[str] = []
    for char in text:
        code = ord(char)
        if char in _SHORT:
            parts.append(_SHORT[char])
        elif char.isprintable():
            parts.append(char)
        elif code < 0x80:
            parts.append(f"\\x{code:02x}")
        else:
            parts.append(f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
    return '"' + "".join(parts) + '"'
