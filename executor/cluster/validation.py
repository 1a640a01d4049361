"""Objects against schemas: nulls, defaults, and what upstream's structural-schema validation says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import orjson

from executor.cluster.celrules import Identity, rule_causes
from executor.cluster.http import too_large
from executor.cluster.patterns import compiled
from executor.cluster.schemas import Schema, field_schema, resolve
from executor.cluster.status import Cause, invalid_value, required, unsupported_value

MAX_DEFAULTS: Final = 3 * 1024 * 1024
"""JSON bytes that defaults may add to one object: a default below a list is there once for each item."""
_MAX_CAUSES: Final = 100
"""Wrong fields that are told at once."""
_MAX_STEPS: Final = 500_000
"""Values that are compared with schemas for one object; alternatives (anyOf) count each."""
_ROOT_FIELDS: Final = ("apiVersion", "kind", "metadata")


def drop_nulls(schema: Schema, value: Any) -> None:
    """Remove the null fields that the schema does not allow to be null, as upstream does before it sets defaults."""
    if isinstance(value, dict):
        for field in list(value):
            below = field_schema(schema, field)
            if below is None:
                continue
            if value[field] is None:
                if not below.get("nullable") and below:
                    del value[field]
            else:
                drop_nulls(below, value[field])
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for item in value:
            drop_nulls(resolve(schema["items"]), item)


def set_defaults(schema: Schema, value: Any) -> None:
    """Fill in the defaults of missing fields, top down. ApiStatus 413 when they make the object too large."""
    _set_defaults(schema, value, [MAX_DEFAULTS])


def _set_defaults(schema: Schema, value: Any, room: list[int]) -> None:
    if isinstance(value, dict):
        for field, raw in (schema.get("properties") or {}).items():
            below = resolve(raw)
            if field not in value and "default" in below:
                text = orjson.dumps(below["default"])
                room[0] -= len(text)
                if room[0] < 0:
                    raise too_large(MAX_DEFAULTS)
                value[field] = orjson.loads(text)
            if field in value:
                _set_defaults(below, value[field], room)
        additional = schema.get("additionalProperties")
        if isinstance(additional, Mapping):
            for field, item in value.items():
                if field not in (schema.get("properties") or {}):
                    _set_defaults(resolve(additional), item, room)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for item in value:
            _set_defaults(resolve(schema["items"]), item, room)


def type_error(schema: Schema, value: Any, path: str = "") -> str:
    """What a Go decoder says of the first value of a wrong type in a built-in object; empty when there is none."""
    if value is None:
        return ""
    expected = schema.get("type")
    if expected and not _is_type(value, str(expected)) and not ("format" in schema and expected == "string"):
        field = path or "object"
        return f"json: cannot unmarshal {_json_name(value)} into Go struct field {field} of type {_go_type(schema)}"
    if isinstance(value, dict):
        for field, item in value.items():
            below = field_schema(schema, field)
            if below is not None and (found := type_error(below, item, f"{path}.{field}" if path else field)):
                return found
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for item in value:
            if found := type_error(resolve(schema["items"]), item, path):
                return found
    return ""


def _is_type(value: Any, expected: str) -> bool:
    if expected == "object":
        return isinstance(value, dict)
    if expected == "array":
        return isinstance(value, list)
    if expected == "string":
        return isinstance(value, str)
    if expected == "boolean":
        return isinstance(value, bool)
    if expected == "integer":
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value.is_integer()
        )
    return isinstance(value, int | float) and not isinstance(value, bool)


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"


def _go_type(schema: Schema) -> str:
    kind = schema.get("type")
    if kind == "object":
        additional = schema.get("additionalProperties")
        if isinstance(additional, Mapping):
            return f"map[string]{_go_type(resolve(additional))}"
        return "struct"
    if kind == "array":
        return (
            f"[]{_go_type(resolve(schema['items']))}"
            if isinstance(schema.get("items"), Mapping)
            else "[]interface {}"
        )
    return {"boolean": "bool", "integer": str(schema.get("format") or "int64"), "number": "float64"}.get(
        str(kind), str(kind)
    )


def enum_causes(schema: Schema, value: Any, path: str = "") -> Iterator[Cause]:
    """Values of built-in objects that are not among those that the schema lists."""
    if isinstance(value, dict):
        for field, item in value.items():
            below = field_schema(schema, field)
            if below is not None:
                yield from enum_causes(below, item, f"{path}.{field}" if path else field)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        below = resolve(schema["items"])
        for index, item in enumerate(value):
            yield from enum_causes(below, item, f"{path}[{index}]")
    elif "enum" in schema and value not in schema["enum"] and value not in (None, ""):
        yield unsupported_value(path, value, map(str, schema["enum"]))


def causes(schema: Schema, obj: Mapping[str, Any], old: Mapping[str, Any] | None) -> list[Cause]:
    """What is wrong with a custom resource: its structural schema first, then, if that holds, its CEL rules."""
    global _steps
    _steps = 0
    try:
        found = list(islice(_check(schema, obj, "", root=True), _MAX_CAUSES))
    except _TooManyStepsError:
        why = "the object takes too long to validate against its schema"
        return [Cause("FieldValueForbidden", "<nil>", f"Forbidden: {why}")]
    return found or list(islice(rule_causes(schema, obj, old), _MAX_CAUSES))


class _TooManyStepsError(Exception):
    """Validation is given up."""


_steps = 0


def _check(schema: Schema, value: Any, path: str, *, root: bool = False) -> Iterator[Cause]:
    global _steps
    _steps += 1
    if _steps > _MAX_STEPS:
        raise _TooManyStepsError
    if value is None and schema.get("nullable"):
        return
    expected = schema.get("type")
    if schema.get("x-kubernetes-int-or-string"):
        if not isinstance(value, str) and not _is_type(value, "integer"):
            yield _wrong_type(path, value, "integer,string")
            return
    elif expected and not _is_type(value, str(expected)):
        yield _wrong_type(path, value, str(expected))
        return
    if "enum" in schema and not _listed(schema, value):
        yield unsupported_value(
            path, value if isinstance(value, str) else orjson.dumps(value).decode(), map(str, schema["enum"])
        )
    if isinstance(value, str):
        yield from _check_string(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _check_number(schema, value, path)
    elif isinstance(value, list):
        yield from _check_list(schema, value, path)
    elif isinstance(value, dict):
        yield from _check_object(schema, value, path, root)
    yield from _check_logic(schema, value, path)


def _listed(schema: Schema, value: Any) -> bool:
    """Whether a value is among those that the schema lists."""
    if len(schema["enum"]) <= 16 or not isinstance(value, str):
        return value in schema["enum"]
    return value in _choices(Identity(schema))


@lru_cache(maxsize=256)
def _choices(schema: Identity) -> frozenset[str]:
    return frozenset(choice for choice in schema.schema["enum"] if isinstance(choice, str))


def _wrong_type(path: str, value: Any, expected: str) -> Cause:
    found = (
        "null"
        if value is None
        else {"bool": "boolean", "number": "number"}.get(_json_name(value), _json_name(value))
    )
    if isinstance(value, int) and not isinstance(value, bool):
        found = "integer"
    message = f'Invalid value: "{found}": {path or "<nil>"} in body must be of type {expected}: "{found}"'
    return Cause("FieldValueTypeInvalid", path or "<nil>", message)


def _check_string(schema: Schema, value: str, path: str) -> Iterator[Cause]:
    if len(value) < schema.get("minLength", 0):
        yield invalid_value(
            path, value, f"{path} in body should be at least {schema['minLength']} chars long"
        )
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield Cause("FieldValueTooLong", path, f"Too long: may not be more than {schema['maxLength']} bytes")
    if "pattern" in schema and not _matches(schema["pattern"], value):
        yield invalid_value(path, value, f"{path} in body should match '{schema['pattern']}'")
    if schema.get("format") == "date-time" and not _is_date_time(value):
        yield invalid_value(
            path, value, f"{path} in body must be of type date-time: {orjson.dumps(value).decode()}"
        )


def _matches(pattern: str, value: str) -> bool:
    global _steps
    _steps += 10 + len(value) // 100
    try:
        return compiled(pattern).search(value) is not None
    except ValueError:
        return True  # in a definition from before patterns were checked


def _is_date_time(value: str) -> bool:
    try:
        datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value.replace("Z", "+00:00")))
    except ValueError:
        return False
    return "T" in value


def _check_number(schema: Schema, value: float, path: str) -> Iterator[Cause]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
        comparison = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {comparison} {least}")
    if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
        comparison = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        yield invalid_value(path, value, f"{path} in body should be {comparison} {most}")
    if schema.get("multipleOf") and value % schema["multipleOf"]:
        yield invalid_value(path, value, f"{path} in body should be a multiple of {schema['multipleOf']}")
    bits = {"int32": 31, "int64": 63}.get(str(schema.get("format")))
    if bits and not -(1 << bits) <= value < 1 << bits:
        yield invalid_value(path, value, f'{path} in body must be of type {schema["format"]}: "{value}"')


def _check_list(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    if len(value) < schema.get("minItems", 0):
        yield invalid_value(
            path, len(value), f"{path} in body should have at least {schema['minItems']} items"
        )
    if "maxItems" in schema and len(value) > schema["maxItems"]:
        yield Cause(
            "FieldValueTooMany", path, f"Too many: {len(value)}: must have at most {schema['maxItems']} items"
        )
    items = schema.get("items")
    if isinstance(items, Mapping):
        below = resolve(items)
        for index, item in enumerate(value):
            yield from _check(below, item, f"{path}[{index}]")
    kind = schema.get("x-kubernetes-list-type")
    if kind in ("set", "map"):
        seen: set[bytes] = set()
        for index, item in enumerate(value):
            keys = schema.get("x-kubernetes-list-map-keys") or ()
            shown = {key: item.get(key) for key in keys} if kind == "map" and isinstance(item, dict) else item
            ident = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)
            if ident in seen:
                text = ident.decode()
                yield Cause("FieldValueDuplicate", f"{path}[{index}]", f"Duplicate value: {text}")
            seen.add(ident)


def _check_object(schema: Schema, value: dict[str, Any], path: str, root: bool) -> Iterator[Cause]:
    if "maxProperties" in schema and len(value) > schema["maxProperties"]:
        yield Cause(
            "FieldValueTooMany",
            path,
            f"Too many: {len(value)}: must have at most {schema['maxProperties']} items",
        )
    if len(value) < schema.get("minProperties", 0):
        yield invalid_value(
            path, value, f"{path} in body should have at least {schema['minProperties']} properties"
        )
    for field, item in value.items():
        if root and field in _ROOT_FIELDS:
            continue
        below = field_schema(schema, field)
        if below is not None:
            yield from _check(below, item, f"{path}.{field}" if path else field)
    for field in schema.get("required") or ():
        if field not in value:
            yield required(f"{path}.{field}" if path else field)


def _check_logic(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for part in schema.get("allOf") or ():
        yield from _check(part, value, path)
    where = path or "<nil>"
    if schema.get("anyOf") and not any(_holds(part, value, path) for part in schema["anyOf"]):
        yield invalid_value(where, "", f'"{path}" must validate at least one schema (anyOf)')
    if schema.get("oneOf") and sum(_holds(part, value, path) for part in schema["oneOf"]) != 1:
        yield invalid_value(where, "", f'"{path}" must validate one and only one schema (oneOf)')
    if schema.get("not") and _holds(schema["not"], value, path):
        yield invalid_value(where, "", f'"{path}" must not validate the schema (not)')


def _holds(schema: Schema, value: Any, path: str) -> bool:
    global _steps
    _steps += 4  # a value that does not fit costs more: it is told why
    return next(_check(schema, value, path), None) is None
