"""What a plain scalar means to the cluster: the rules of goyaml.v2, which sigs.k8s.io/yaml uses.

No Python loader agrees with them: `y` is a bool, `0o10` is 8, `1e3` is a float, `12:30` is text, and a
date stays text because the value is on its way to JSON.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

_WORDS: dict[str, Any] = {}
for _value, _words in (
    (True, "y Y yes Yes YES true True TRUE on On ON"),
    (False, "n N no No NO false False FALSE off Off OFF"),
    (None, "~ null Null NULL"),
    (float("nan"), ".nan .NaN .NAN"),
    (float("inf"), ".inf .Inf .INF +.inf +.Inf +.INF"),
    (float("-inf"), "-.inf -.Inf -.INF"),
):
    for _word in _words.split():
        _WORDS[_word] = _value
_WORDS[""] = None

# The first characters of plain scalars that may be anything but text.
HINTS = frozenset("+-0123456789.yYnNtTfFoO~")

_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INT = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]([0-7]+)|0([0-7]+)|(0|[1-9][0-9]*))\Z")
_INT_MIN, _UINT_MAX = -(2**63), 2**64 - 1

STR_TAG = "tag:yaml.org,2002:str"
BINARY_TAG = "tag:yaml.org,2002:binary"
FLOAT_TAG = "tag:yaml.org,2002:float"
_RESOLVABLE = {
    "",
    STR_TAG,
    "tag:yaml.org,2002:bool",
    "tag:yaml.org,2002:int",
    FLOAT_TAG,
    "tag:yaml.org,2002:null",
    "tag:yaml.org,2002:timestamp",
}


def resolve_plain(text: str) -> Any:
    """The value of a plain scalar: None, bool, int, float or str (goyaml.v2: resolve.go)."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "")
    match = _INT.match(digits)
    if match is not None:
        number = _int(match)
        if _INT_MIN <= number <= _UINT_MAX:
            return number
    if _FLOAT.match(digits if text[0] != "." else text):
        return float(digits)
    return text


def _int(match: re.Match[str]) -> int:
    sign, hexadecimal, binary, octal, old_octal, decimal = match.groups()
    if hexadecimal:
        number = int(hexadecimal, 16)
    elif binary:
        number = int(binary, 2)
    elif octal or old_octal:
        number = int(octal or old_octal, 8)
    elif len(decimal) > 30:
        return _UINT_MAX + 1  # too long for any integer type; int() itself refuses past 4,300 digits
    else:
        number = int(decimal)
    return -number if sign == "-" else number


def resolve_tagged(text: str, tag: str, plain: bool) -> tuple[Any, str]:
    """The value of a scalar with an explicit tag, and what is wrong ("" when nothing is)."""
    if tag == BINARY_TAG:
        try:
            return base64.b64decode(text, validate=False).decode("utf-8", "replace"), ""
        except (binascii.Error, ValueError):
            return text, "!!binary value is not valid base64"
    if tag == STR_TAG or tag not in _RESOLVABLE:
        return text, ""
    value = resolve_plain(text)
    if tag == FLOAT_TAG and isinstance(value, int) and not isinstance(value, bool):
        return float(value), ""
    short = tag.rpartition(":")[2]
    wanted: dict[str, tuple[type, ...]] = {
        "bool": (bool,), "int": (int,), "float": (float,), "null": (type(None),), "timestamp": (str,)
    }  # fmt: skip
    if not isinstance(value, wanted[short]) or (short == "int" and isinstance(value, bool)):
        return value, f"cannot read {text!r} as !!{short}"
    return value, ""
