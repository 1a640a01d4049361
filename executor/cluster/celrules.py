"""CEL rules of CustomResourceDefinitions (`x-kubernetes-validations`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import cel

from executor.cluster.schemas import Schema, field_schema, resolve
from executor.cluster.status import Cause

_REASONS: Final = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}


@lru_cache(maxsize=1024)
def _program(rule: str) -> Any:
    return cel.compile(rule)


@lru_cache(maxsize=256)
def _has_rules(identity: int, schema: _Held) -> bool:
    return _contains_rules(schema.schema)


class _Held:
    """A schema as a cache key: kept alive by the cache, so that its identity stays its own."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.schema is self.schema


def _contains_rules(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "x-kubernetes-validations" in schema or any(_contains_rules(item) for item in schema.values())
    return isinstance(schema, list) and any(_contains_rules(item) for item in schema)


def rule_causes(schema: Schema, value: Any, old: Any) -> Iterator[Cause]:
    """The rules that do not hold for an object. `old` is the object before an update: rules that name `oldSelf` need it."""
    if _has_rules(id(schema), _Held(schema)):
        yield from _walk(schema, value, old, "")


def _walk(schema: Schema, value: Any, old: Any, path: str) -> Iterator[Cause]:
    for rule in schema.get("x-kubernetes-validations") or ():
        yield from _evaluate(rule, value, old, path)
    if isinstance(value, dict):
        for field, item in value.items():
            below = field_schema(schema, field)
            if below:
                before = old.get(field) if isinstance(old, Mapping) else None
                yield from _walk(below, item, before, f"{path}.{field}" if path else field)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        below = resolve(schema["items"])
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        for index, item in enumerate(value):
            yield from _walk(below, item, _counterpart(item, old, keys), f"{path}[{index}]")


def _counterpart(item: Any, old: Any, keys: Any) -> Any:
    """The item of the old list that a rule on `item` compares with: that with the same keys; none in other lists."""
    if not keys or not isinstance(old, list) or not isinstance(item, Mapping):
        return None
    return next(
        (
            known
            for known in old
            if isinstance(known, Mapping) and all(known.get(key) == item.get(key) for key in keys)
        ),
        None,
    )


def _evaluate(rule: Mapping[str, Any], value: Any, old: Any, path: str) -> Iterator[Cause]:
    text = str(rule.get("rule", ""))
    variables = {"self": value}
    if "oldSelf" in text:
        if old is None and not rule.get("optionalOldSelf"):
            return
        variables["oldSelf"] = old
    reason = str(rule.get("reason") or "FieldValueInvalid")
    where = (
        path + str(rule.get("fieldPath") or "") if path else str(rule.get("fieldPath") or "<nil>").lstrip(".")
    )
    try:
        holds = _program(text).execute(variables)
    except Exception as error:  # the library raises what the failure is: TypeError, ValueError, RuntimeError
        yield Cause("FieldValueInvalid", where, f"Invalid value: rule evaluation error: {error}")
        return
    if holds is True:
        return
    message = _message(rule, variables)
    shown = _REASONS.get(reason, "Invalid value")
    if reason == "FieldValueInvalid":
        yield Cause(reason, where, f'{shown}: "{_kind(value)}": {message}')
    else:
        yield Cause(reason, where, f"{shown}: {message}")


def _message(rule: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    if expression := rule.get("messageExpression"):
        try:
            text = _program(str(expression)).execute(dict(variables))
        except Exception:  # as upstream: a message that cannot be computed falls back to the fixed one
            text = None
        if isinstance(text, str) and text.strip():
            return text
    return str(rule.get("message") or f"failed rule: {rule.get('rule')}")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "integer"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"
