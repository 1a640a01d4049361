"""JSONPath as the `jsonpath` function of expressions reads it: `$.a['b'][0][*]..c[1:3][?(@.x == 1)]`.

Source of behaviour: Argo docs (`jsonpath`) and the goessner dialect that the underlying library follows.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.values import equal, type_name
from argolint.patterns import lazy


class Step(NamedTuple):
    """`kind` is name, index, wild, slice, union, deep or filter."""

    kind: str
    value: Any
    start: int
    end: int


_NAME = lazy(r"[^\s.\[\]()'\"*?@,:]+")
_INDEX = lazy(r"\s*(-?\d{1,9})\s*")
_SLICE = lazy(r"\s*(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*(-?\d{1,9})?\s*)?")
_FILTER = lazy(r"\s*@((?:\.[\w-]+|\['[^']*'\])*)\s*(?:(==|!=|<=|>=|<|>|=~)\s*(.+?))?\s*$", re.DOTALL)


@lru_cache(maxsize=512)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path that begins with `$` (or `@`). Raises LanguageError with the place."""
    if not path or path[0] not in "$@":
        raise LanguageError("a JSONPath begins with $", 0, min(len(path), 1))
    steps: list[Step] = []
    at = 1
    while at < len(path):
        if path.startswith("..", at):
            steps.append(Step("deep", None, at, at + 2))
            at += 2
            if path.startswith("[", at):
                continue
            step, at = _dotted(path, at)
            steps.append(step)
        elif path[at] == ".":
            step, at = _dotted(path, at + 1)
            steps.append(step)
        elif path[at] == "[":
            step, at = _bracket(path, at)
            steps.append(step)
        else:
            raise LanguageError(f"unexpected {path[at]!r}, expected . or [", at, at + 1)
    return tuple(steps)


def _dotted(path: str, at: int) -> tuple[Step, int]:
    if path.startswith("*", at):
        return Step("wild", None, at, at + 1), at + 1
    match = _NAME.match(path, at)
    if match is None:
        raise LanguageError("expected a name", at, min(at + 1, len(path)))
    return Step("name", match.group(), at, match.end()), match.end()


def _bracket(path: str, start: int) -> tuple[Step, int]:
    end = _closing(path, start)
    body = path[start + 1 : end]
    after = end + 1
    text = body.strip()
    if text == "*":
        return Step("wild", None, start, after), after
    if text.startswith("?(") and text.endswith(")"):
        return Step("filter", _filter(text[2:-1], start), start, after), after
    index = _INDEX.fullmatch(body)
    if index:
        return Step("index", int(index.group(1)), start, after), after
    span = _SLICE.fullmatch(body)
    if span:
        bounds = tuple(int(part) if part else None for part in span.groups())
        if bounds[2] == 0:
            raise LanguageError("a slice cannot have step 0", start, after)
        return Step("slice", bounds, start, after), after
    members = [_member(part.strip(), start, after) for part in _split(body)]
    if len(members) == 1:
        return Step("index" if isinstance(members[0], int) else "name", members[0], start, after), after
    return Step("union", tuple(members), start, after), after


def _closing(path: str, start: int) -> int:
    quote, depth = "", 0
    at = start
    while at < len(path):
        char = path[at]
        if quote:
            if char == "\\":
                at += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise LanguageError("unclosed [", start, len(path))


def _split(body: str) -> list[str]:
    return re.findall(r"\s*(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^,]+)\s*", body) or [body]


def _member(text: str, start: int, end: int) -> str | int:
    if len(text) >= 2 and text[0] in "'\"" and text[-1] == text[0]:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    raise LanguageError(f"{text!r} is neither a quoted name nor an index", start, end)


def _filter(text: str, at: int) -> tuple[tuple[str, ...], str, Any]:
    match = _FILTER.match(text)
    if match is None:
        raise LanguageError("unsupported filter, expected ?(@.name == value)", at, at + len(text))
    path = tuple(a or b for a, b in re.findall(r"\.([\w-]+)|\['([^']*)'\]", match.group(1)))
    literal = match.group(3)
    if match.group(2) is None:
        return path, "exists", None
    if literal[:1] in "'\"" and literal[-1:] == literal[:1] and len(literal) > 1:
        return path, match.group(2), literal[1:-1]
    if literal in ("true", "false", "null"):
        return path, match.group(2), {"true": True, "false": False, "null": None}[literal]
    try:
        return path, match.group(2), float(literal)
    except ValueError:
        raise LanguageError(f"{literal!r} is not a literal", at, at + len(text)) from None


def search(path: str, value: Any) -> Any:
    """What stands at `path`: the value itself, or a list once the path may match several. Raises ValueError if nothing does."""
    try:
        steps = parse(path)
    except LanguageError as error:
        raise ValueError(f"invalid path {path}: {error.message}") from None
    many = False
    found = [value]
    for index, step in enumerate(steps):
        if step.kind == "deep":
            many = True
            found = [one for item in found for one in _below(item)]
            if len(found) > 1_000_000:
                raise ValueError("path matches too much")
            continue
        if step.kind in ("wild", "slice", "union", "filter"):
            many = True
        strict = not many and not any(before.kind == "deep" for before in steps[:index])
        found = [one for item in found for one in _apply(step, item, strict)]
    if many:
        return found
    return found[0]


def _below(value: Any) -> list[Any]:
    found: list[Any] = []
    todo = [value]
    while todo:
        one = todo.pop()
        found.append(one)
        if isinstance(one, dict):
            todo.extend(reversed(list(one.values())))
        elif isinstance(one, list):
            todo.extend(reversed(one))
    return found


def _apply(step: Step, value: Any, strict: bool) -> list[Any]:
    kind = step.kind
    if kind == "name":
        if isinstance(value, dict) and step.value in value:
            return [value[step.value]]
        if strict:
            raise ValueError(
                f"unknown key {step.value}"
                if isinstance(value, dict)
                else f"{type_name(value)} has no key {step.value}"
            )
        return []
    if kind == "index":
        if isinstance(value, list) and -len(value) <= step.value < len(value):
            return [value[step.value]]
        if strict:
            raise ValueError(
                f"index {step.value} is out of range"
                if isinstance(value, list)
                else f"{type_name(value)} has no index"
            )
        return []
    if kind == "wild":
        return (
            list(value.values())
            if isinstance(value, dict)
            else list(value)
            if isinstance(value, list)
            else []
        )
    if kind == "slice":
        low, high, stride = step.value
        return value[low:high:stride] if isinstance(value, list) else []
    if kind == "union":
        made = [
            Step("index" if isinstance(part, int) else "name", part, step.start, step.end)
            for part in step.value
        ]
        return [one for part in made for one in _apply(part, value, False)]
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [item for item in items if _passes(step.value, item)]


def _passes(test: tuple[tuple[str, ...], str, Any], item: Any) -> bool:
    path, op, literal = test
    for part in path:
        if not isinstance(item, dict) or part not in item:
            return False
        item = item[part]
    if op == "exists":
        return item is not None and item is not False
    if op in ("==", "!="):
        return equal(item, literal) is (op == "==")
    if op == "=~":
        from argolint.language import goregex

        return isinstance(item, str) and isinstance(literal, str) and goregex.search(literal.strip("/"), item)
    if (type(item) in (int, float) and type(literal) is float) or (
        isinstance(item, str) and isinstance(literal, str)
    ):
        return bool(
            {"<": item < literal, "<=": item <= literal, ">": item > literal, ">=": item >= literal}[op]
        )
    return False
