"""What an API server with the full CRDs refuses although Argo's own decoder accepts it."""

from __future__ import annotations

import functools
import re
from typing import Any

from argolint.schema import compile as _compile

Json = dict[str, Any]


def refusal(facts: Json, value: Any, container: Any, key: Any) -> _compile.Raw | None:
    """A `refused-by-crd` problem, or None. `facts` are those of `tools/gen_schemas_crdfacts.py`."""
    found = _reason(facts, value)
    if found is None:
        return None
    reason, lossless = found
    return _compile.Raw("refused-by-crd", container, key, {"reason": reason, "lossless": lossless})


def _reason(facts: Json, value: Any) -> tuple[str, str | None] | None:
    wanted = facts.get("t")
    if wanted == "s" and not isinstance(value, str):
        return "the CRD wants a string", _compile.lossless("s", value)
    if wanted == "[s" and isinstance(value, list) and not all(isinstance(item, str) for item in value):
        return "the CRD wants a list of strings", None
    if isinstance(value, str):
        return _text(facts, value)
    if isinstance(value, list):
        return _length(facts, value)
    if _compile.is_number(value):
        return _range(facts, value)
    return None


def _text(facts: Json, value: str) -> tuple[str, None] | None:
    allowed = facts.get("enum")
    if allowed is not None and "{{" in value:
        return f"the CRD allows {', '.join(repr(a) for a in allowed if a)} only, and no tag", None
    if "pattern" in facts and "{{" in value and not _pattern(facts["pattern"]).search(value):
        return "the CRD allows no tag in this name", None
    if len(value) < facts.get("minLength", 0):
        return "the CRD wants it not to be empty", None
    if len(value) > facts.get("maxLength", len(value)):
        return f"the CRD allows at most {facts['maxLength']} characters, this has {len(value)}", None
    return None


def _length(facts: Json, value: list[Any]) -> tuple[str, None] | None:
    if len(value) < facts.get("minItems", 0):
        return f"the CRD wants at least {_entries(facts['minItems'])}", None
    if len(value) > facts.get("maxItems", len(value)):
        return f"the CRD allows at most {_entries(facts['maxItems'])}, this has {len(value)}", None
    return None


def _range(facts: Json, value: float) -> tuple[str, None] | None:
    if value < facts.get("min", value):
        return f"the CRD wants at least {facts['min']}", None
    if value > facts.get("max", value):
        return f"the CRD allows at most {facts['max']}", None
    return None


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)
