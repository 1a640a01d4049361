"""Kubernetes label selectors, and the conditions of resource templates, which are selectors over paths of an object.

Source of behaviour: Kubernetes' label selector grammar; upstream's resource executor (successCondition needs every
requirement, failureCondition any); upstream's `--node-field-selector`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.gjson import get as gjson_get
from argolint.patterns import lazy

OPERATORS = ("exists", "!", "=", "==", "!=", "in", "notin", ">", "<")

_SPACE = lazy(r"\s*")
_SYMBOL = lazy(r"==|!=|[=!<>,()]")
_WORD = lazy(r"[^\s=!<>,()]+")
_NAME = lazy(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PREFIX = lazy(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")


class Requirement(NamedTuple):
    """`key operator values`; operator is one of OPERATORS. Offsets span the whole requirement."""

    key: str
    operator: str
    values: tuple[str, ...]
    start: int
    end: int


class Word(NamedTuple):
    """One token: `kind` is word, symbol or end."""

    kind: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=2048)
def parse(text: str) -> tuple[Requirement, ...]:
    """The requirements of a selector; an empty text has none. Raises LanguageError with the place. Memoised."""
    words = _words(text)
    found: list[Requirement] = []
    at = 0
    if words[0].kind == "end":
        return ()
    while True:
        requirement, at = _requirement(words, at)
        found.append(requirement)
        word = words[at]
        if word.kind == "end":
            return tuple(found)
        if word.text != ",":
            raise LanguageError(
                f"found {word.text!r}, expected ',' or the end{_hint(text, word)}", word.start, word.end
            )
        at += 1
        if words[at].kind == "end":
            raise LanguageError("found the end, expected a key after ','", word.start, word.end)


def _hint(text: str, word: Word) -> str:
    around = text[max(word.start - 1, 0) : word.end + 1]
    if "&&" in around or "||" in around:
        return "; a selector joins by commas only"
    return ""


def _words(text: str) -> list[Word]:
    words: list[Word] = []
    at = 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text):
            words.append(Word("end", "", len(text), len(text)))
            return words
        match = _SYMBOL.match(text, at)
        kind = "symbol"
        if match is None:
            match, kind = _WORD.match(text, at), "word"
            assert match is not None
        words.append(Word(kind, match.group(), at, match.end()))
        at = match.end()


def _requirement(words: list[Word], at: int) -> tuple[Requirement, int]:
    first = words[at]
    if first.text == "!":
        key = _key(words[at + 1])
        return Requirement(key, "!", (), first.start, words[at + 1].end), at + 2
    key = _key(first)
    operator = words[at + 1]
    if operator.kind == "end" or operator.text == ",":
        return Requirement(key, "exists", (), first.start, first.end), at + 1
    if operator.text in ("in", "notin"):
        values, after = _set(words, at + 2)
        return Requirement(key, operator.text, values, first.start, words[after - 1].end), after
    if operator.kind != "symbol" or operator.text not in ("=", "==", "!=", ">", "<"):
        raise LanguageError(
            f"found {operator.text!r}, expected one of ! = == != > < in notin{_joiner(operator)}",
            operator.start,
            operator.end,
        )
    value = words[at + 2]
    if operator.text in (">", "<") and value.text in ("=", "=="):
        raise LanguageError(
            f"{operator.text}= is not an operator of selectors; use {operator.text} with a whole number",
            operator.start,
            value.end,
        )
    if value.kind == "symbol" and value.text != ",":
        raise LanguageError(f"found {value.text!r}, expected a value", value.start, value.end)
    text, end, after = ("", operator.end, at + 2) if value.kind != "word" else (value.text, value.end, at + 3)
    if operator.text in (">", "<") and not re.fullmatch(r"[+-]?\d{1,19}", text):
        raise LanguageError(
            f"for {operator.text} the value must be a whole number, not {text!r}",
            value.start,
            max(value.end, end),
        )
    _check_value(text, value)
    return Requirement(key, operator.text, (text,), first.start, end), after


def _joiner(word: Word) -> str:
    return "; a selector joins by commas only" if word.text in ("&&", "||", "&", "|", "and", "or") else ""


def _key(word: Word) -> str:
    if word.kind != "word":
        raise LanguageError(f"found {word.text or 'the end'!r}, expected a key", word.start, word.end)
    prefix, slash, name = word.text.rpartition("/")
    if (
        len(name) > 63
        or not _NAME.fullmatch(name)
        or (slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix)))
    ):
        raise LanguageError(
            f"key {word.text!r} is not a label key: letters, digits, '-', '_' and '.', beginning and ending with a letter or digit,"
            " 63 characters at most",
            word.start,
            word.end,
        )
    return word.text


def _check_value(text: str, word: Word) -> None:
    if text and (len(text) > 63 or not _NAME.fullmatch(text)):
        raise LanguageError(
            f"value {text!r} is not a label value: letters, digits, '-', '_' and '.', beginning and ending with a letter or digit,"
            " 63 characters at most",
            word.start,
            word.end,
        )


def _set(words: list[Word], at: int) -> tuple[tuple[str, ...], int]:
    if words[at].text != "(":
        raise LanguageError(
            f"found {words[at].text or 'the end'!r}, expected '('", words[at].start, words[at].end
        )
    values: list[str] = []
    at += 1
    pending = ""
    while True:
        word = words[at]
        if word.kind == "end":
            raise LanguageError("found the end, expected ')'", word.start, word.end)
        at += 1
        if word.kind == "word":
            if pending:
                raise LanguageError(f"found {word.text!r}, expected ',' or ')'", word.start, word.end)
            _check_value(word.text, word)
            pending = word.text
        elif word.text in (",", ")"):
            values.append(pending)
            pending = ""
            if word.text == ")":
                return tuple(dict.fromkeys(values)), at
        else:
            raise LanguageError(f"found {word.text!r}, expected ',' or ')'", word.start, word.end)


def holds(requirement: Requirement, value: str | None) -> bool:
    """Whether one requirement holds for the value of its key; None is a missing key."""
    operator = requirement.operator
    if operator == "exists":
        return value is not None
    if operator == "!":
        return value is None
    if operator in ("=", "==", "in"):
        return value is not None and value in requirement.values
    if operator in ("!=", "notin"):
        return value is None or value not in requirement.values
    if value is None or not re.fullmatch(r"[+-]?\d{1,19}", value):
        return False
    number, bound = int(value), int(requirement.values[0])
    return number > bound if operator == ">" else number < bound


def matches(requirements: tuple[Requirement, ...], labels: Mapping[str, str] | None) -> bool:
    """Whether labels meet every requirement (a label selector)."""
    found = labels or {}
    return all(holds(one, found.get(one.key)) for one in requirements)


def lookup(obj: Any, path: str) -> str | None:
    """The text of what stands at a gjson path of an object; None if nothing does."""
    return gjson_get(obj, path)


def matches_object(requirements: tuple[Requirement, ...], obj: Any) -> bool:
    """Whether an object meets every requirement, keys being gjson paths: a successCondition."""
    return all(holds(one, lookup(obj, one.key)) for one in requirements)


def matches_any(requirements: tuple[Requirement, ...], obj: Any) -> bool:
    """Whether an object meets one requirement at least: a failureCondition."""
    return any(holds(one, lookup(obj, one.key)) for one in requirements)


def resource_outcome(success: str, failure: str, obj: Any) -> str:
    """`failed`, `succeeded` or `waiting`, as a resource template's conditions judge an object.

    The failure condition is looked at first; without a success condition an object that has not failed has succeeded.
    Raises LanguageError for a condition that cannot be parsed.
    """
    if failure and matches_any(parse(failure), obj):
        return "failed"
    if success and not matches_object(parse(success), obj):
        return "waiting"
    return "succeeded"


# Field selectors of nodes (`--node-field-selector`).

NODE_FIELDS = (
    "displayName",
    "templateName",
    "phase",
    "templateRef.name",
    "templateRef.template",
    "inputs.parameters",
    "name",
    "id",
)


@lru_cache(maxsize=512)
def parse_fields(text: str) -> tuple[tuple[str, str, str], ...]:
    """A field selector as (field, `=` or `!=`, value) triples. Raises LanguageError."""
    found: list[tuple[str, str, str]] = []
    at = 0
    for part in text.split(","):
        if part.strip():
            match = re.fullmatch(r"\s*([^=!]+?)\s*(==|!=|=)\s*(.*?)\s*", part)
            if match is None:
                raise LanguageError(
                    f"invalid field selector {part.strip()!r}, expected field=value", at, at + len(part)
                )
            found.append((match.group(1), "!=" if match.group(2) == "!=" else "=", match.group(3)))
        at += len(part) + 1
    return tuple(found)


def node_fields(node: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a node status that a node field selector may ask for."""
    fields = {
        "displayName": str(node.get("displayName", "")),
        "templateName": str(node.get("templateName", "")),
        "phase": str(node.get("phase", "")),
        "name": str(node.get("name", "")),
        "id": str(node.get("id", "")),
    }
    reference = node.get("templateRef") or {}
    fields["templateRef.name"] = str(reference.get("name", ""))
    fields["templateRef.template"] = str(reference.get("template", ""))
    for parameter in (node.get("inputs") or {}).get("parameters") or []:
        fields[f"inputs.parameters.{parameter.get('name')}.value"] = str(parameter.get("value", ""))
    return fields


def matches_node(selector: str, node: Mapping[str, Any]) -> bool:
    """Whether a node status meets a node field selector. Raises LanguageError."""
    fields = node_fields(node)
    return all((fields.get(field, "") == value) is (op == "=") for field, op, value in parse_fields(selector))
