"""Upstream's substitution: on the JSON text of an object.

Source of behaviour: upstream `util/template` (simple and expression replacement) and the Argo docs on variables.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from argolint.language.errors import AbsentOptional, LanguageError, Unresolved
from argolint.language.expr import ast as t
from argolint.language.expr import evaluate, parse
from argolint.language.expr.environment import expand
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.language.tags import ExprTag, Piece, Raw, SimpleTag, split
from argolint.language.values import to_json

# Variables that get a value only later: an expression that asks for one of them before is left for that pass.
LATE = ("item", "retries", "lastRetry", "workflow.status", "workflow.failures")
_DUMP = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_QUOTE = json.encoder.encode_basestring


def substitute(
    json_text: str,
    env: Mapping[str, Any],
    *,
    allow_unresolved: bool,
    strict_prefixes: Iterable[str] = (),
    hooks: Hooks = SYSTEM,
) -> str:
    """`json_text` with its tags replaced from `env` (flat: `inputs.parameters.a` to a string).

    A value of None is an output that is absent: asking for it raises AbsentOptional. A name that `env` lacks is left
    as it stands if `allow_unresolved`, unless it begins with one of `strict_prefixes` (never for artifacts);
    else Unresolved is raised. Values are JSON-escaped: the text stays JSON. Offsets in errors are into `json_text`.
    """
    if "{{" not in json_text:
        return json_text
    prefixes = tuple(strict_prefixes)
    parts: list[str] = []
    for piece in split(json_text):
        if isinstance(piece, Raw):
            if piece.unclosed and not allow_unresolved:
                raise LanguageError("cannot find end tag }}", piece.start, piece.end)
            parts.append(piece.text)
        elif isinstance(piece, SimpleTag):
            parts.append(_simple(piece, env, allow_unresolved, prefixes))
        else:
            parts.append(_expression(piece, env, allow_unresolved, prefixes, hooks))
    return "".join(parts)


def substitute_object(
    obj: Any,
    env: Mapping[str, Any],
    *,
    allow_unresolved: bool,
    strict_prefixes: Iterable[str] = (),
    hooks: Hooks = SYSTEM,
) -> Any:
    """A plain object with the tags in all its strings (keys too) replaced, by way of its JSON text.

    The very object is returned when it has no tags: treat it as immutable. Errors as of `substitute`, and LanguageError
    when the result is no JSON.
    """
    text = _DUMP(obj)
    if "{{" not in text:
        return obj
    return parse_json(
        substitute(text, env, allow_unresolved=allow_unresolved, strict_prefixes=strict_prefixes, hooks=hooks)
    )


class Prepared:
    """An object that will be substituted many times: its JSON text is made once. `text` has it."""

    __slots__ = ("obj", "text")

    def __init__(self, obj: Any) -> None:
        self.obj = obj
        self.text = _DUMP(obj)

    def substitute(
        self,
        env: Mapping[str, Any],
        *,
        allow_unresolved: bool,
        strict_prefixes: Iterable[str] = (),
        hooks: Hooks = SYSTEM,
    ) -> Any:
        """As `substitute_object`."""
        if "{{" not in self.text:
            return self.obj
        return parse_json(
            substitute(
                self.text,
                env,
                allow_unresolved=allow_unresolved,
                strict_prefixes=strict_prefixes,
                hooks=hooks,
            )
        )


def substitute_string(
    text: str,
    env: Mapping[str, Any],
    *,
    allow_unresolved: bool,
    strict_prefixes: Iterable[str] = (),
    hooks: Hooks = SYSTEM,
) -> str:
    """One string value (not JSON) with its tags replaced. Errors as of `substitute`."""
    if "{{" not in text:
        return text
    return str(
        substitute_object(
            text, env, allow_unresolved=allow_unresolved, strict_prefixes=strict_prefixes, hooks=hooks
        )
    )


def parse_json(text: str) -> Any:
    """The object of a substituted text. Raises LanguageError when values broke it."""
    try:
        return json.loads(text)
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise LanguageError(f"the text is no longer JSON after substitution: {error}", at, at + 1) from None
    except RecursionError:
        raise LanguageError("the text is nested too deeply", 0, len(text)) from None


def escape(text: str) -> str:
    """A string as it stands inside the quotes of JSON."""
    return _QUOTE(text)[1:-1]


# Simple tags.


def _simple(tag: SimpleTag, env: Mapping[str, Any], allow_unresolved: bool, prefixes: tuple[str, ...]) -> str:
    name = tag.name
    if name in env:
        value = env[name]
        if type(value) is str:
            return _QUOTE(value)[1:-1]
        if value is None:
            raise AbsentOptional(name, tag.start, tag.end)
        raise LanguageError("failed to resolve {{" + name + "}} to string", tag.start, tag.end)
    nested = tag.nested
    if nested is not None:
        outer, inner = nested
        value = env.get(inner)
        if isinstance(value, str):
            return "{{" + outer + escape(value)
    if not allow_unresolved or is_strict(name, prefixes):
        raise Unresolved(name, tag.start, tag.end)
    return "{{" + tag.body + "}}"


def is_strict(name: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a missing variable must stop the substitution: by its prefix, artifacts excepted."""
    return bool(prefixes) and name.startswith(prefixes) and ".outputs.artifacts." not in name


# Expression tags.


@lru_cache(maxsize=4096)
def variables(source: str) -> tuple[tuple[str, bool, int, int], ...]:
    """What an expression asks of its environment: (dotted path, guarded, start, end).

    Guarded paths stand left of `??` or use `?.`: they may be missing. Raises LanguageError if it cannot be parsed.
    """
    found: list[tuple[str, bool, int, int]] = []
    _collect(parse(source).root, False, frozenset(), found)
    return tuple(found)


def _collect(
    node: t.Node, guarded: bool, local: frozenset[str], found: list[tuple[str, bool, int, int]]
) -> None:
    if isinstance(node, (t.Ident, t.Member)):
        path = static_path(node)
        if path is not None:
            if path.split(".", 1)[0] not in local:
                found.append((path, guarded, node.start, node.end))
            return
    if isinstance(node, t.Let):
        _collect(node.value, guarded, local, found)
        _collect(node.body, guarded, local | {node.name}, found)
        return
    if isinstance(node, t.Call) and isinstance(node.callee, (t.Ident, t.Member)):
        path = static_path(node.callee)
        if path is not None and path.split(".", 1)[0] in ("asInt", "asFloat", "toJson", "jsonpath", "sprig"):
            for arg in node.args:
                _collect(arg, guarded, local, found)
            return
    if isinstance(node, t.Binary) and node.op == "??":
        _collect(node.left, True, local, found)
        _collect(node.right, guarded, local, found)
        return
    inner = guarded or isinstance(node, t.Chain)
    for child in t.children(node):
        _collect(child, inner, local, found)


def static_path(node: t.Node) -> str | None:
    """`a.b['c']` as `a.b.c`; None for anything that is computed."""
    parts: list[str] = []
    while isinstance(node, t.Member):
        if not isinstance(node.prop, t.Literal) or not isinstance(node.prop.value, str):
            return None
        parts.append(node.prop.value)
        node = node.node
    if not isinstance(node, t.Ident):
        return None
    parts.append(node.name)
    return ".".join(reversed(parts))


def _known(path: str, env: Mapping[str, Any], nested: Mapping[str, Any]) -> bool:
    if path in env:
        return True
    at: Any = nested
    for part in path.split("."):
        if not isinstance(at, dict):
            return True  # a member of a value: the evaluation decides
        if part not in at:
            return False
        at = at[part]
    return True


def _expression(
    tag: ExprTag,
    env: Mapping[str, Any],
    allow_unresolved: bool,
    prefixes: tuple[str, ...],
    hooks: Hooks,
) -> str:
    untouched = "{{=" + tag.source + "}}"
    try:
        source = unescape(tag.source)
        names = variables(source)
    except LanguageError as error:
        if allow_unresolved:
            return untouched
        raise _failed(tag, error) from None
    nested = expand(env, None if "$env" in source else {path.split(".", 1)[0] for path, _, _, _ in names})
    for path, guarded, _, _ in names:
        if _known(path, env, nested):
            continue
        if allow_unresolved and path.startswith(LATE) and _is_late(path):
            return untouched
        if not guarded and is_strict(path + ".", prefixes):
            raise Unresolved(path, tag.start, tag.end)
    try:
        value = evaluate(source, nested, hooks=hooks)
        if value is None:
            raise LanguageError(f'expression "{source.strip()}" has no value (nil)', 0, len(source))
        return escape(value) if isinstance(value, str) else escape(to_json(value, escape_html=False))
    except LanguageError as error:
        if allow_unresolved:
            return untouched
        raise _failed(tag, error) from None
    except ValueError as error:
        raise _failed(tag, LanguageError(str(error))) from None


def _is_late(path: str) -> bool:
    return any(path == name or path.startswith(name + ".") for name in LATE)


def _failed(tag: ExprTag, error: LanguageError) -> LanguageError:
    start = min(tag.source_start + error.start, tag.end)
    return LanguageError(
        f"failed to evaluate expression: {error.message}", start, min(tag.source_start + error.end, tag.end)
    )


def unescape(source: str) -> str:
    """An expression as it was before it went into JSON. Raises LanguageError for a broken escape."""
    if "\\" not in source:
        return source
    try:
        text = json.loads(f'"{source}"', strict=False)
    except ValueError as error:
        raise LanguageError(f"expression is not a JSON string: {error}", 0, len(source)) from None
    return text if isinstance(text, str) else source


__all__ = [
    "LATE", "AbsentOptional", "LanguageError", "Piece", "Prepared", "Unresolved", "escape", "expand", "is_strict", "parse_json",
    "static_path", "substitute", "substitute_object", "substitute_string", "unescape", "variables",
]  # fmt: skip
