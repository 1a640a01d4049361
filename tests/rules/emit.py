"""One value, written as YAML in the ways that people and tools write it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from argolint.yaml.edit import scalar

# (text, indentation of what belongs to it) -> how it is written behind `key:`
Written = Callable[[str, int], str]


def plain_text(text: str, indent: int) -> str:
    """As plain as it may be; several lines as a literal block."""
    return literal(text, indent) if "\n" in text else scalar(text)


def double(text: str, indent: int) -> str:
    return json.dumps(text, ensure_ascii=False)


def single(text: str, indent: int) -> str:
    """In single quotes; what cannot stand in them as it is otherwise."""
    if "\n" in text or not text.isprintable():
        return plain_text(text, indent)
    return "'" + text.replace("'", "''") + "'"


def literal(text: str, indent: int) -> str:
    """A literal block; double-quoted what cannot be one."""
    lines = text.split("\n")
    if not lines[0].strip() or lines[0][0] in " \t" or not all(line.isprintable() for line in lines):
        return double(text, indent)
    return _block("|", lines, indent)


_GAP = re.compile(r"(?<=[^ ]) (?=[^ ])")


def folded(text: str, indent: int) -> str:
    """A folded block with a break at the blank in the middle; a literal one of several lines."""
    if "\n" in text or not text.strip() or text != text.strip() or not text.isprintable():
        return plain_text(text, indent)
    gaps = list(_GAP.finditer(text))
    if not gaps:
        return _block(">", [text], indent)
    at = gaps[len(gaps) // 2].start()
    return _block(">", [text[:at], text[at + 1 :]], indent)


def _block(sign: str, lines: list[str], indent: int) -> str:
    if lines[-1] == "":
        chomp, lines = ("", lines[:-1]) if len(lines) > 1 and lines[-2].strip() else ("+", lines[:-1])
    else:
        chomp = "-"
    pad = " " * indent
    return f"{sign}{chomp}\n" + "\n".join(pad + line if line else "" for line in lines)


class Style(NamedTuple):
    """How a tree is written: its strings, the indentation of mappings and of lists in them, and where braces begin."""

    text: Written = plain_text
    step: int = 2
    dash: int = 0
    braces_from: int = 99


def dump(node: Any, style: Style = Style()) -> str:  # noqa: B008
    """A document, with a line end behind it."""
    if not isinstance(node, (dict, list)) or not node:
        return _flow(node) + "\n"
    return "\n".join(_lines(node, 0, 0, style)) + "\n"


def _lines(node: Any, indent: int, depth: int, style: Style) -> list[str]:
    out: list[str] = []
    pad = " " * indent
    if isinstance(node, dict):
        for key, value in node.items():
            inner = indent + (style.dash if isinstance(value, list) else style.step)
            out += _entry(f"{pad}{scalar(str(key))}:", value, inner, indent + style.step, depth + 1, style)
        return out
    for value in node:
        if isinstance(value, (dict, list)) and value and depth < style.braces_from:
            lines = _lines(value, indent + 2, depth + 1, style)
            out += [f"{pad}- {lines[0][indent + 2 :]}", *lines[1:]]
        else:
            out += _entry(f"{pad}-", value, indent + 2, indent + 2, depth + 1, style)
    return out


def _entry(head: str, value: Any, inner: int, block: int, depth: int, style: Style) -> list[str]:
    if isinstance(value, Alias):
        return [f"{head} *{value}"]
    if isinstance(value, Anchored):
        head, value = f"{head} &{value.name}", value.node
    if isinstance(value, (dict, list)) and value and depth < style.braces_from:
        return [head, *_lines(value, inner, depth, style)]
    if isinstance(value, (dict, list)):
        return [f"{head} {_flow(value)}"]
    if isinstance(value, str):
        return f"{head} {style.text(value, block)}".split("\n")
    return [f"{head} {json.dumps(value)}"]


def _flow(node: Any) -> str:
    if isinstance(node, dict):
        inner = ", ".join(f"{json.dumps(str(key))}: {_flow(value)}" for key, value in node.items())
        return "{" + inner + "}"
    if isinstance(node, list):
        return "[" + ", ".join(map(_flow, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


class Alias(str):
    """The name of an anchor, where its node stands again."""


class Anchored(NamedTuple):
    """A node with an anchor."""

    name: str
    node: Any
