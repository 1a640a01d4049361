"""The JSONPath subset of printer columns: fields, indexes, wildcards and equality filters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""\.?(?P<field>[A-Za-z0-9_$/-]+(?:\\\.[A-Za-z0-9_$/-]+)*)
      | \[\s*(?P<quote>['"])(?P<quoted>.*?)(?P=quote)\s*\]
      | \[\s*(?P<index>-?\d+)\s*\]
      | \.?(?P<star>\*) | \[\s*(?P<star2>\*)\s*\]
      | \[\?\(\s*@(?P<path>[^=!<>]+?)\s*(?P<op>==|!=)\s*(?P<value>"[^"]*"|'[^']*'|[^)]*?)\s*\)\]""",
    re.VERBOSE,
)


class Step(NamedTuple):
    """One step of a path: a field, an index, every item, or the items that a filter keeps."""

    kind: str
    value: Any = None


class Filter(NamedTuple):
    """Keep items whose value at `path` is (or, negated, is not) `value`."""

    path: tuple[Step, ...]
    negated: bool
    value: str


@lru_cache(maxsize=1024)
def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path; ValueError when it is beyond the subset."""
    text = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or found.end() == at:
            raise ValueError(f"JSONPath {path!r}: not understood at {text[at:]!r}")
        at = found.end()
        if found["field"] is not None:
            steps.append(Step("field", found["field"].replace("\\.", ".")))
        elif found["quoted"] is not None:
            steps.append(Step("field", found["quoted"]))
        elif found["index"] is not None:
            steps.append(Step("index", int(found["index"])))
        elif found["star"] or found["star2"]:
            steps.append(Step("all"))
        else:
            steps.append(
                Step("filter", Filter(parse(found["path"]), found["op"] == "!=", found["value"].strip("\"'")))
            )
    return tuple(steps)


def select(steps: tuple[Step, ...], obj: Any) -> list[Any]:
    """The values that a path leads to."""
    nodes = [obj]
    for step in steps:
        nodes = [value for node in nodes for value in _follow(step, node)]
    return nodes


def _follow(step: Step, node: Any) -> list[Any]:
    if step.kind == "field":
        return [node[step.value]] if isinstance(node, Mapping) and step.value in node else []
    if step.kind == "index":
        inside = isinstance(node, list) and -len(node) <= step.value < len(node)
        return [node[step.value]] if inside else []
    items = list(node.values()) if isinstance(node, Mapping) else list(node) if isinstance(node, list) else []
    if step.kind == "all":
        return items
    wanted: Filter = step.value
    return [
        item for item in items if (wanted.value in map(_text, select(wanted.path, item))) != wanted.negated
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def first_text(steps: tuple[Step, ...], obj: Any) -> Any:
    """The first value that a path leads to; None when there is none."""
    found = select(steps, obj)
    return found[0] if found else None
