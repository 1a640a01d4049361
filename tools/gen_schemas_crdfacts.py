"""What upstream's full CRDs insist on beyond Go's decoder, gathered per field of our definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

# CRD keyword → our key. `t` is the CRD's type where a scalar of another type would pass the decoder.
_KEYWORDS = {
    "minimum": "min",
    "maximum": "max",
    "minItems": "minItems",
    "maxItems": "maxItems",
    "minLength": "minLength",
    "maxLength": "maxLength",
    "pattern": "pattern",
}
_OPAQUE = "x-kubernetes-preserve-unknown-fields"
# The decoder's view of these is no narrower than the CRD's, or a rule of its own says it better.
_SKIPPED_PATTERNS = ("q", "x")


def annotate(definitions: Json, folder: Path, roots: dict[str, str]) -> None:
    """Add `c` (facts per field) to `definitions` and make `r` (required) what the CRDs require.

    A CRD may ask for a field in one place and not in another (`name` of a container), so only what every place
    asks for counts. Definitions that no CRD spells out keep the JSON Schema's demands.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    required: dict[str, set[str]] = {}
    facts: dict[str, dict[str, Json]] = {}
    for plural, root in roots.items():
        crd = yaml.load((folder / f"argoproj.io_{plural}.yaml").read_bytes(), loader)
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        _walk(definitions, root, schema, required, facts, frozenset())
    for name, fields in facts.items():
        limited = {field: fact for field, fact in sorted(fields.items()) if fact}
        if limited:
            definitions[name]["c"] = limited
    for name, fields in required.items():
        body = definitions[name]
        # What older releases alone ask for is not in the CRDs of the newest one.
        older = {field for field, span in body.get("q", {}).items() if span[1]}
        known = sorted(field for field in fields | older if field in body["f"])
        body.pop("r", None)
        if known:
            body["r"] = known


def _walk(
    definitions: Json,
    name: str,
    schema: Json,
    required: dict[str, set[str]],
    facts: dict[str, dict[str, Json]],
    above: frozenset[str],
) -> None:
    if _OPAQUE in schema or "properties" not in schema or name in above:
        return
    body = definitions[name]
    asked = set(schema.get("required", []))
    required[name] = required[name] & asked if name in required else asked
    for field, code in body["f"].items():
        child = schema["properties"].get(field)
        if child is None:
            continue
        fact = _facts(code, child)
        facts.setdefault(name, {}).setdefault(field, {}).update(fact)
        while code[0] in "[{+":
            inner = child.get("items" if code[0] in "[+" else "additionalProperties")
            if not isinstance(inner, dict):
                break
            code, child = ("=WorkflowStep" if code == "+" else code[1:]), inner
        if code[0] == "=" and code[1:] in definitions:
            _walk(definitions, code[1:], child, required, facts, above | {name})


def _facts(code: str, schema: Json) -> Json:
    fact = {ours: schema[theirs] for theirs, ours in _KEYWORDS.items() if theirs in schema}
    if code in _SKIPPED_PATTERNS:
        fact.pop("pattern", None)
    if code == "a" and schema.get("type") == "string":
        fact["t"] = "s"
    if code == "[a" and schema.get("items", {}).get("type") == "string":
        fact["t"] = "[s"
    if "enum" in schema:
        fact["enum"] = schema["enum"]
    return fact
