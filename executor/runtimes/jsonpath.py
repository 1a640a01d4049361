"""kubectl's JSONPath templates: `{.status.phase}`, `{.items[*].name}`, filters, `range`, and text in between.

Kubernetes docs: JSONPath support.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any


class JsonPathError(Exception):
    """A template that cannot be read, or a path that leads nowhere."""


_STEP = re.compile(
    r"""\s*(?:
      (?P<deep>\.\.)(?P<deepname>[\w$-]+|\*)
    | \.(?P<name>(?:\\.|[\w$/@:-])+) | \.(?P<star>\*) | (?P<dot>\.)(?=\[|$)
    | \[(?P<index>-?\d+)\] | \[(?P<slice>-?\d*:-?\d*(?::\d+)?)\] | \[(?P<all>\*)\]
    | \['(?P<quoted>[^']*)'\] | \["(?P<dquoted>[^"]*)"\]
    | \[\?\((?P<filter>.*?)\)\]
    )""",
    re.VERBOSE,
)
_FILTER = re.compile(r"^@(?P<path>[^=!<>]*?)\s*(?:(?P<op>==|!=|<=|>=|<|>)\s*(?P<value>.+))?$")


def _steps(path: str) -> list[tuple[str, str]]:
    path = path.strip().removeprefix("$").removeprefix("@")
    steps: list[tuple[str, str]] = []
    position = 0
    while position < len(path):
        match = _STEP.match(path, position)
        if not match or match.end() == position:
            raise JsonPathError(f"cannot read the path {path!r} at {path[position:]!r}")
        position = match.end()
        for kind, value in match.groupdict().items():
            if value is not None and kind not in ("deep", "dot"):
                steps.append((kind, value))
    return steps


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _descend(value: Any, name: str) -> list[Any]:
    found = []
    if name == "*":
        found += _children(value)
    elif isinstance(value, dict) and name in value:
        found.append(value[name])
    for child in _children(value):
        found += _descend(child, name)
    return found


def _literal(text: str) -> Any:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        raise JsonPathError(f"not a value: {text!r}") from None


def _passes(item: Any, condition: str) -> bool:
    match = _FILTER.match(condition.strip())
    if not match:
        raise JsonPathError(f"cannot read the filter {condition!r}")
    found = _walk([item], _steps(match.group("path")))
    operator = match.group("op")
    if operator is None:
        return bool(found)
    if not found:
        return False
    left, right = found[0], _literal(match.group("value"))
    compare: dict[str, Callable[[], bool]] = {
        "==": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    try:
        return bool(compare[operator]())
    except TypeError:
        return False


def _step(value: Any, kind: str, argument: str) -> list[Any]:
    if kind in ("name", "quoted", "dquoted"):
        key = re.sub(r"\\(.)", r"\1", argument) if kind == "name" else argument
        return [value[key]] if isinstance(value, dict) and key in value else []
    if kind in ("star", "all"):
        return _children(value)
    if kind == "deepname":
        return _descend(value, argument)
    if not isinstance(value, list):
        return []
    if kind == "index":
        index = int(argument)
        return [value[index]] if -len(value) <= index < len(value) else []
    if kind == "slice":
        return value[slice(*(int(part) if part else None for part in argument.split(":")))]
    return [item for item in value if _passes(item, argument)]


def _walk(values: list[Any], steps: list[tuple[str, str]]) -> list[Any]:
    for kind, argument in steps:
        values = [found for value in values for found in _step(value, kind, argument)]
    return values


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


_PIECE = re.compile(r"\{((?:\"[^\"]*\"|'[^']*'|[^{}])*)\}")


def render(template: str, value: Any) -> str:
    """The text of a JSONPath template over `value`; a path that leads nowhere is empty, as with kubectl's default for missing keys.

    Raises JsonPathError for a template that cannot be read.
    """
    if "{" not in template:
        template = "{" + (template if template.startswith((".", "[", "$", "@")) else "." + template) + "}"
    pieces: list[tuple[bool, str]] = []
    position = 0
    for match in _PIECE.finditer(template):
        if match.start() > position:
            pieces.append((False, template[position : match.start()]))
        pieces.append((True, match.group(1).strip()))
        position = match.end()
    if position < len(template):
        pieces.append((False, template[position:]))
    text, rest = _render(pieces, 0, value, value)
    if rest != len(pieces):
        raise JsonPathError(f"{{end}} without {{range}} in {template!r}")
    return text


def _render(pieces: list[tuple[bool, str]], start: int, value: Any, root: Any) -> tuple[str, int]:
    """Render from `start` up to the matching {end}: (the text, the index of that {end} or the end)."""
    out: list[str] = []
    index = start
    while index < len(pieces):
        is_path, text = pieces[index]
        if not is_path:
            out.append(text)
        elif text == "end":
            return "".join(out), index
        elif text.startswith("range"):
            stop = index + 1
            items = _walk([root if text[5:].strip().startswith("$") else value], _steps(text[5:]))
            for item in items:
                piece, stop = _render(pieces, index + 1, item, root)
                out.append(piece)
            if not items:
                _, stop = _render(pieces, index + 1, {}, root)
            if stop >= len(pieces):
                raise JsonPathError("{range} without {end}")
            index = stop
        elif text[:1] in "'\"" and text:
            out.append(text[1:-1].encode().decode("unicode_escape") if text[0] == '"' else text[1:-1])
        else:
            start_value = root if text.startswith("$") else value
            out.append(" ".join(_text(found) for found in _walk([start_value], _steps(text))))
        index += 1
    return "".join(out), index
