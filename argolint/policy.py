"""Rules without code: a YAML file that says which values to look at and what must hold of them.

code: ORG101
name: image-registry
severity: error
kinds: [Workflow, WorkflowTemplate]        # optional; all objects when absent
given: "**.image"                          # where: keys, [*] for items, * for any key, ** for any depth
assert: {matches: "registry\\.example\\.com/"}
message: "image `{value}` is not from our registry"

The page beside it (`.md`) is documentation and test, as for every rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span
from argolint.patterns import lazy
from argolint.rule import Finding, Rule, rule
from argolint.text import decode
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq, plain

FIELDS = frozenset(
    {"code", "name", "severity", "default", "kinds", "since", "summary", "given", "assert", "message", "help", "options", "unless"}
)  # fmt: skip
_SEGMENT = lazy(r"\[\*\]|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]|\*\*|\*|[^.\[\]]+")

Hit = tuple[Any, Any, Span]  # holder, key, place


class PolicyError(ValueError):
    """A policy file that does not say what it should; the message names the field."""


def load(path: str) -> Rule:
    """The rule of a policy file. Raises PolicyError."""
    with open(path, "rb") as file:
        text, wrong = decode(file.read())
    stream = parse(text)
    problems = [problem for document in stream.documents for problem in document.problems]
    if wrong or problems or not stream.documents or not isinstance(stream.documents[0].root, Map):
        raise PolicyError(wrong or (problems[0].message if problems else "the file is not a mapping"))
    fields = plain(stream.documents[0].root)
    unknown = set(fields) - FIELDS
    if unknown:
        raise PolicyError(f"unknown field `{sorted(unknown)[0]}`; fields are {', '.join(sorted(FIELDS))}")
    for name in ("code", "name", "severity", "given", "assert", "message"):
        if name not in fields:
            raise PolicyError(f"`{name}` is missing")
    given = segments(str(fields["given"]))
    checks = _assertions(fields["assert"])
    message, help = str(fields["message"]), str(fields.get("help", ""))
    decorate = rule(
        fields["code"], fields["name"], on="object", severity=fields["severity"],
        default=bool(fields.get("default", True)), kinds=fields.get("kinds") or (), since=str(fields.get("since", "0.1")),
        options=fields.get("options"),
    )  # fmt: skip
    wants_absent = "exists" in fields["assert"] and fields["assert"]["exists"] is True

    def check(obj: Object, ctx: Context) -> Iterator[Finding]:
        if wants_absent:
            yield from _missing(obj, given, message, help)
            return
        for holder, key, span in select(obj, given):
            value = holder[key]
            if any(not holds(value, ctx) for holds in checks):
                shown = value if isinstance(value, (str, int, float, bool)) else "…"
                yield Finding(span, message.replace("{value}", str(shown)), help=help)

    check.__doc__ = str(fields.get("summary") or message.replace("{value}", "…"))
    found: Rule = decorate(check).__rule__  # type: ignore[attr-defined]
    return found


def segments(path: str) -> list[str | int]:
    """A path as its parts: keys, indexes, `*`, `[*]` and `**`. Raises PolicyError."""
    found: list[str | int] = []
    at = 0
    while at < len(path):
        if path[at] == ".":
            at += 1
            continue
        match = _SEGMENT.match(path, at)
        if match is None:
            raise PolicyError(f"`given`: cannot read {path[at:]!r}")
        if match.group(1) is not None:
            found.append(int(match.group(1)))
        else:
            quoted = match.group(2) if match.group(2) is not None else match.group(3)
            found.append(match.group() if quoted is None else quoted)
        at = match.end()
    if not found:
        raise PolicyError("`given` is empty")
    return found


def select(obj: Object, given: list[str | int]) -> Iterator[Hit]:
    """Every place of an object that a path means, each once."""
    seen: set[tuple[int, Any]] = set()
    for holder, key, span in _select(obj.map, given, obj.where, 0):
        if (id(holder), key) not in seen:
            seen.add((id(holder), key))
            yield holder, key, span


_DEEPEST = 60


def _select(node: Any, given: list[str | int], where: str, depth: int) -> Iterator[Hit]:
    if not isinstance(node, (Map, Seq)) or not given or depth > _DEEPEST:
        return
    first, rest = given[0], given[1:]
    if first == "**":
        yield from _select(node, rest, where, depth)
        for key, value, path in _entries(node, where):
            del key
            yield from _select(value, given, path, depth + 1)
        return
    for key, value, path in _entries(node, where):
        wanted = (
            key == first
            or (first == "*" and isinstance(node, Map))
            or (first == "[*]" and isinstance(node, Seq))
        )
        if not wanted:
            continue
        if rest:
            yield from _select(value, rest, path, depth + 1)
        else:
            at: Any = node.at[key]
            yield node, key, Span(at[-2], at[-1], path) if at[-1] > at[-2] else Span(at[0], at[1], path)


def _entries(node: Map | Seq, where: str) -> Iterable[tuple[Any, Any, str]]:
    if isinstance(node, Map):
        return [(key, value, f"{where}.{key}" if where else key) for key, value in node.items()]
    return [(i, value, f"{where}[{i}]") for i, value in enumerate(node)]


def _missing(obj: Object, given: list[str | int], message: str, help: str) -> Iterator[Finding]:
    """`exists: true`: a finding at each mapping that should have the last key of the path and has not.

    A mapping on the way that is not there is reported at what is there of the way.
    """
    holders: list[tuple[Any, str]] = [(obj.map, obj.where)]
    for part in given[:-1]:
        following: list[tuple[Any, str]] = []
        for node, where in holders:
            hits = list(_select(node, [part], where, 0))
            if not hits and isinstance(part, str) and part not in ("*", "[*]", "**"):
                yield Finding(_head(node, where), message, help=help)
            following += [(holder[key], span.where) for holder, key, span in hits]
        holders = following
    for node, where in holders:
        if isinstance(node, Map) and given[-1] not in node:
            yield Finding(_head(node, where), message, help=help)


def _head(node: Any, where: str) -> Span:
    for at in getattr(node, "at", {}).values() if isinstance(node, Map) else ():
        return Span(at[0], at[1], where)
    start, end = getattr(node, "span", (0, 0))
    return Span(start, end, where)


def _assertions(wanted: Any) -> list[Callable[[Any, Context], bool]]:
    if not isinstance(wanted, dict) or not wanted:
        raise PolicyError("`assert` is not a mapping such as {matches: …}")
    found = []
    for name, operand in wanted.items():
        if name not in _MAKERS:
            raise PolicyError(f"`assert`: unknown `{name}`; there are {', '.join(sorted(_MAKERS))}")
        found.append(_MAKERS[name](operand))
    return found


Holds = Callable[[Any, Context], bool]


def _operand(operand: Any) -> Callable[[Context], Any]:
    """The operand itself, or the setting that `{option: NAME}` names."""
    if isinstance(operand, dict) and set(operand) == {"option"}:
        name = str(operand["option"])
        return lambda ctx: ctx.option(name)
    return lambda ctx: operand


def _matches(operand: Any) -> Holds:
    try:
        regex = re.compile(str(operand))
    except re.error as error:
        raise PolicyError(f"`matches`: {error}") from error
    return lambda value, ctx: not isinstance(value, str) or "{{" in value or regex.match(value) is not None


def _not_matches(operand: Any) -> Holds:
    try:
        regex = re.compile(str(operand))
    except re.error as error:
        raise PolicyError(f"`not-matches`: {error}") from error
    return lambda value, ctx: not isinstance(value, str) or regex.match(value) is None


def _one_of(operand: Any) -> Holds:
    get = _operand(operand)
    return lambda value, ctx: _is_tag(value) or value in (get(ctx) or ())


def _starts_with(operand: Any) -> Holds:
    get = _operand(operand)

    def holds(value: Any, ctx: Context) -> bool:
        allowed = get(ctx) or ()
        prefixes = (allowed,) if isinstance(allowed, str) else tuple(str(item) for item in allowed)
        return not prefixes or not isinstance(value, str) or _is_tag(value) or value.startswith(prefixes)

    return holds


def _number(compare: Callable[[float, float], bool]) -> Callable[[Any], Holds]:
    def make(operand: Any) -> Holds:
        get = _operand(operand)

        def holds(value: Any, ctx: Context) -> bool:
            return (
                isinstance(value, bool)
                or not isinstance(value, (int, float))
                or compare(value, float(get(ctx)))
            )

        return holds

    return make


def _is_tag(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


_MAKERS: dict[str, Callable[[Any], Holds]] = {
    "matches": _matches,
    "not-matches": _not_matches,
    "equals": lambda operand: lambda value, ctx: _is_tag(value) or value == operand,
    "not-equals": lambda operand: lambda value, ctx: value != operand,
    "one-of": _one_of,
    "starts-with": _starts_with,
    "min": _number(lambda value, limit: value >= limit),
    "max": _number(lambda value, limit: value <= limit),
    "max-length": lambda operand: (
        lambda value, ctx: not isinstance(value, (str, list, dict)) or len(value) <= int(operand)
    ),
    # `exists: true` is looked at before values are; `exists: false` fails for whatever is there.
    "exists": lambda operand: lambda value, ctx: operand is True,
}
