"""What checks report, and the words they share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from argolint.language import types as ty
from argolint.language.expr.names import BUILTINS
from argolint.language.types import Type

KINDS = (
    "expression-syntax", "single-equals", "mixed-coalesce", "tag-inside-expression", "null-keyword", "undefined-identifier",
    "hyphen-as-minus", "unknown-function", "function-not-available-here", "wrong-arity", "wrong-argument-type",
    "string-number-comparison", "wrong-operand-type", "member-of-string", "non-boolean-condition", "non-string-result", "nil-result",
    "json-parameters-in-expression", "sprig-swallows-errors", "invalid-regex", "unknown-variable", "absent-output", "unclosed-tag",
    "space-before-equals", "tag-ends-early", "when-syntax", "when-unquoted-operand", "when-type-mismatch", "when-constant",
    "when-regex-invalid", "when-single-logic-operator", "depends-syntax", "unknown-task", "names-collide",
)  # fmt: skip


class Finding(NamedTuple):
    """`kind` is one of KINDS; offsets are into the checked text; `suggestion`, if any, is text to put in place of start..end."""

    kind: str
    start: int
    end: int
    message: str
    suggestion: str | None = None


NULLS = {
    "null": "nil",
    "None": "nil",
    "undefined": "nil",
    "True": "true",
    "False": "false",
    "TRUE": "true",
    "FALSE": "false",
}
JSON_LISTS = {"workflow.parameters": "workflow.parameters.json", "workflow.labels": "workflow.labels.json",
               "workflow.annotations": "workflow.annotations.json", "inputs.parameters": None}  # fmt: skip
ACCEPTS: dict[str, tuple[str, ...]] = {
    "string": ("string",),
    "int": ("int", "float"),
    "number": ("int", "float", "duration"),
    "bool": ("bool",),
    "list": ("list",),
    "map": ("map", "artifact"),
    "sized": ("string", "list", "map", "artifact"),
    "scalar": ("string", "int", "float", "duration"),
    "any": (),
}


def result_type(name: str, result: str, first: Type, body: Type) -> Type:
    """The type of a function's result, given the types of its first argument and of its closure."""
    element: Type = first.element or ty.ANY if first.kind == "list" else ty.ANY
    if name in ("first", "last", "find", "findLast"):
        return element._replace(absent=True, const=ty.UNKNOWN)
    if name == "get":
        return ty.ANY._replace(absent=True)
    if name in ("filter", "sortBy", "sort", "reverse", "uniq", "take"):
        return first._replace(const=ty.UNKNOWN) if first.kind == "list" else ty.LIST
    if name == "map":
        return ty.list_of(body._replace(const=ty.UNKNOWN, origin=""))
    if name == "groupBy":
        return Type("map", rest=ty.list_of(element))
    if name in ("keys",):
        return ty.STRINGS
    if name in ("abs", "sum", "max", "min"):
        return first._replace(const=ty.UNKNOWN) if ty.is_number(first) else ty.ANY
    return ty.BY_NAME[result.lstrip("?")]


def bracketed(path: str) -> str:
    """A dotted path with brackets around the parts that need them."""
    head, *rest = path.split(".")
    return head + "".join(
        f"['{part}']" if "-" in part or not part.isidentifier() else f".{part}" for part in rest
    )


def listed(names: Mapping[str, Any]) -> str:
    """A clause that lists what there is."""
    shown = sorted(names)
    if not shown:
        return ""
    return f"; there {'is' if len(shown) == 1 else 'are'} {', '.join(shown[:8])}{', …' if len(shown) > 8 else ''}"


def method_hint(name: str) -> str:
    """What to write instead of a method of a string."""
    known = {
        "length": "len(…)",
        "size": "len(…)",
        "toUpperCase": "upper(…)",
        "toLowerCase": "lower(…)",
        "includes": "contains",
    }
    return (
        f"use {known[name]}" if name in known else f"use {name}(…)" if name in BUILTINS else "use a function"
    )


def circumstance(group: str) -> str:
    """A clause that says when the variables of a group exist; empty if there is nothing to say."""
    return {
        "item": ": there is an item only in loops (withItems, withParam, withSequence)",
        "item-key": ": there is an item only in loops (withItems, withParam, withSequence)",
        "retry": ": it needs a retryStrategy on the template",
        "exit": ": it exists in exit handlers only",
        "priority": ": the workflow has no priority",
        "pod": ": this template has no pod of its own",
        "cron": ": it exists in the when and stopStrategy of a CronWorkflow only",
        "metric": ": it exists in metrics only",
        "input-parameter": ": the template declares no such input",
    }.get(group, "")
