"""CEL rules of CustomResourceDefinitions (`x-kubernetes-validations`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import cel
import orjson

from executor.cluster.schemas import Schema, field_schema, resolve
from executor.cluster.status import Cause

_REASONS: Final = {
    "FieldValueInvalid": "Invalid value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
}


_MAX_LENGTH: Final = 8192
"""Characters of a rule: a very long chain of fields exhausts the stack of the parser."""
_MAX_COST: Final = 1_000_000
"""Steps that a rule may take on one value (upstream: PerCallLimit)."""
_MAX_TOTAL: Final = 3_000_000
"""Steps that all rules may take on one object."""
_CALL: Final = 60
"""Steps that calling a rule counts as."""
_LOOP: Final = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_TEXT: Final = re.compile(r"""[rRbB]{0,2}(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")


@lru_cache(maxsize=1024)
def program(rule: str) -> Any:
    """A rule, compiled. ValueError when it cannot be."""
    if len(rule) > _MAX_LENGTH:
        raise ValueError(f"the rule is longer than {_MAX_LENGTH} characters")
    try:
        return cel.compile(rule)
    except Exception:
        raise
    except BaseException as error:  # a panic of the library is not an Exception
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("the rule cannot be parsed") from None


def _run(rule: str, variables: Mapping[str, Any]) -> Any:
    """What a rule says. Any Exception for one that fails: TypeError, ValueError, RuntimeError."""
    try:
        return program(rule).execute(dict(variables))
    except Exception:
        raise
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("the rule cannot be evaluated") from None


class Shape(NamedTuple):
    """What the cost of a rule depends on: how deep its loops nest, how many `+` and how many commas it has."""

    depth: int
    joins: int
    commas: int


@lru_cache(maxsize=1024)
def shape(rule: str) -> Shape:
    """The shape of a rule's text."""
    text = _TEXT.sub("''", rule)
    loops = {found.end() - 1 for found in _LOOP.finditer(text)}
    opened: list[bool] = []
    depth = deepest = 0
    for index, char in enumerate(text):
        if char == "(":
            opened.append(index in loops)
            depth += opened[-1]
            deepest = max(deepest, depth)
        elif char == ")" and opened:
            depth -= opened.pop()
    return Shape(deepest, text.count("+"), text.count(","))


class Size(NamedTuple):
    """Of a value: how many values it has in all, the most items of one container, the longest text."""

    values: int
    widest: int
    longest: int


def size(value: Any) -> Size:
    """The size of a value."""
    values, widest, longest = 0, 0, 0
    left = [value]
    while left:
        item = left.pop()
        values += 1
        if isinstance(item, dict | list):
            widest = max(widest, len(item))
            left.extend(item.values() if isinstance(item, dict) else item)
        elif isinstance(item, str):
            longest = max(longest, len(item))
    return Size(values, widest, longest)


def cost(rule: str, of: Size) -> int:
    """An upper bound of the steps that a rule takes on a value. Each `+` may double what the loop inside it goes through."""
    depth, joins, commas = shape(rule)
    total = 1
    for level in range(1, depth + 1):
        total *= max(of.widest, commas + 1) * (joins + 1) ** level
        if total > _MAX_COST:
            return total
    return of.values + total * (1 + of.longest // 1000 if depth else 1)


@lru_cache(maxsize=256)
def _has_rules(schema: Identity) -> bool:
    return _contains_rules(schema.schema)


class Identity:
    """A schema as a cache key: kept alive by the cache, so that its identity stays its own."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.schema is self.schema


def _contains_rules(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "x-kubernetes-validations" in schema or any(_contains_rules(item) for item in schema.values())
    return isinstance(schema, list) and any(_contains_rules(item) for item in schema)


def rule_causes(schema: Schema, value: Any, old: Any) -> Iterator[Cause]:
    """The rules that do not hold for an object. `old` is the object before an update: rules that name `oldSelf` need it."""
    if not _has_rules(Identity(schema)):
        return
    try:
        yield from _walk(schema, value, old, "", [_MAX_TOTAL])
    except _TooCostlyError as error:
        yield Cause("FieldValueForbidden", error.path, f"Forbidden: {_TOO_COSTLY}")


_TOO_COSTLY: Final = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)


class _TooCostlyError(Exception):
    """The rules of an object take too many steps."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def _spend(rules: Sequence[Mapping[str, Any]], value: Any, old: Any, path: str, budget: list[int]) -> None:
    """Take the cost of rules from the budget before they run: nothing can stop them once they do."""
    parts = [size(value)] + ([size(old)] if old is not None else [])
    of = Size(
        sum(part.values for part in parts),
        max(part.widest for part in parts),
        max(part.longest for part in parts),
    )
    for rule in rules:
        needed = cost(str(rule.get("rule", "")), of)
        if rule.get("messageExpression"):
            needed += cost(str(rule["messageExpression"]), of)
        budget[0] -= _CALL + needed
        if needed > _MAX_COST or budget[0] < 0:
            raise _TooCostlyError(path or "<nil>")


def _walk(schema: Schema, value: Any, old: Any, path: str, budget: list[int]) -> Iterator[Cause]:
    rules = schema.get("x-kubernetes-validations") or ()
    if rules:
        _spend(rules, value, old, path, budget)
    for rule in rules:
        yield from _evaluate(rule, value, old, path)
    if isinstance(value, dict):
        for field, item in value.items():
            below = field_schema(schema, field)
            if below:
                before = old.get(field) if isinstance(old, Mapping) else None
                yield from _walk(below, item, before, f"{path}.{field}" if path else field, budget)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        below = resolve(schema["items"])
        keys = schema.get("x-kubernetes-list-map-keys") or ()
        known = _by_keys(old, keys)
        for index, item in enumerate(value):
            before = known.get(_keys_of(item, keys)) if known else None
            yield from _walk(below, item, before, f"{path}[{index}]", budget)


def _by_keys(old: Any, keys: Sequence[str]) -> dict[bytes, Any]:
    """The items of the old list by their keys: what a rule on an item compares with; none in other lists."""
    if not keys or not isinstance(old, list):
        return {}
    return {_keys_of(item, keys): item for item in reversed(old) if isinstance(item, Mapping)}


def _keys_of(item: Any, keys: Sequence[str]) -> bytes:
    return orjson.dumps([item.get(key) for key in keys] if isinstance(item, Mapping) else None)


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
        holds = _run(text, variables)
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
            text = _run(str(expression), variables)
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
