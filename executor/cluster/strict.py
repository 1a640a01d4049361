"""Fields that are in a body several times: parsers keep the last one, a strict reader tells (`fieldValidation`).

Upstream: sigs.k8s.io/json for JSON, go.yaml.in for YAML; the words are theirs.
"""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

_TOLD: Final = 100
"""How many are told at once (upstream: strict errors of the JSON decoder)."""
_BEFORE_COLON: Final = (b" :", b"\t:", b"\n:", b"\r:")


class _Fields(list[tuple[str, Any, bool]]):
    """Of a JSON object what may have something to tell: keys, values, and whether the key was there before."""


def repeated_in_json(body: bytes, data: Any) -> list[str]:
    """`duplicate field "spec.a"` for each field that is several times in a JSON body, whose data is known already."""
    if not _may_repeat(body, data):
        return []
    tree = json.loads(
        body, object_pairs_hook=_fields, parse_int=_nothing, parse_float=_nothing, parse_constant=_nothing
    )
    found: dict[str, None] = {}
    _collect(tree, "", found)
    return [f'duplicate field "{path}"' for path in found]


def _may_repeat(body: bytes, data: Any) -> bool:
    """Whether keys are missing from the data, or may be: each is followed by a colon, in the body and in JSON made anew."""
    if b"\\u0022" in body or any(blank in body for blank in _BEFORE_COLON):
        return True
    return body.count(b'":') != orjson.dumps(data).count(b'":')


def _nothing(_text: str) -> None:
    return None


def _fields(pairs: list[tuple[str, Any]]) -> _Fields | None:
    seen: set[str] = set()
    found = _Fields()
    for key, value in pairs:
        if key in seen or isinstance(value, list):
            found.append((key, value, key in seen))
        seen.add(key)
    return found or None


def _collect(value: Any, path: str, found: dict[str, None]) -> None:
    if isinstance(value, _Fields):
        for key, item, again in value:
            where = f"{path}.{key}" if path else key
            if again and len(found) < _TOLD:
                found[where] = None
            _collect(item, where, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if item is not None:
                _collect(item, f"{path}[{index}]", found)


def repeated_in_yaml(lines: list[tuple[int, str]]) -> list[str]:
    """`line 5: key "a" already set in map` for each place, counted from 0, at which a key is there again."""
    return [f'line {line + 1}: key "{key}" already set in map' for line, key in sorted(lines)[:_TOLD]]


def yaml_failure(repeated: list[str]) -> str:
    """What YAML that is refused for it is refused with."""
    return "yaml: unmarshal errors:\n  " + "\n  ".join(repeated)
