"""Where in a configuration file something stands. Only asked when there is a mistake to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from argolint.text import SourceText, decode
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Seq


def place(path: str, key: str, words: Sequence[object] = (), *, of_key: bool = False) -> tuple[str, str]:
    """`path:line:column` of the value of a key, and its line with a caret below it.

    `words` lead on into the value: keys of mappings, items of lists, parts of texts; the last that is found is shown.
    `of_key`: the key itself is meant. A file that cannot be read has the place `path` and no caret.
    """
    try:
        with open(path, "rb") as file:
            source = SourceText(decode(file.read())[0])
    except OSError:
        return path, ""
    find = _in_toml if path.endswith(".toml") else _in_yaml
    at = find(source.text, key, [str(word) for word in words], of_key)
    if at < 0:
        return path, ""
    line, column = source.line_col(at)
    return f"{path}:{line}:{column}", caret(source, at)


def caret(source: SourceText, offset: int) -> str:
    """The line of an offset, with a caret below it."""
    line, column = source.line_col(offset)
    return f"  {line:>4} | {source.line_text(line)}\n       | {' ' * (column - 1)}^"


def _in_yaml(text: str, key: str, words: Sequence[str], of_key: bool) -> int:
    documents = parse(text).documents
    root = documents[0].root if documents else None
    if not isinstance(root, Map) or key not in root.at:
        return -1
    at = root.at[key]
    if of_key:
        return at[0]
    start, end, node = at[2], at[3], root[key]
    for word in words:
        start, end, node = _step(text, start, end, node, word)
    return start


def _step(text: str, start: int, end: int, node: Any, word: str) -> tuple[int, int, Any]:
    """From a value to what a word names in it. A key is shown itself, but followed into its value."""
    if isinstance(node, Map):
        if word in node.at:
            entry = node.at[word]
            inner = node[word]
            return entry[0], entry[3], inner
    elif isinstance(node, Seq):
        for item, (first, last) in zip(node, node.at):
            if str(item) == word:
                return first, last, item
    else:
        found = text.rfind(word, start, end)
        if found >= 0:
            return found, end, node
    return start, end, node


def _in_toml(text: str, key: str, words: Sequence[str], of_key: bool) -> int:
    name = rf'["\']?{re.escape(key)}["\']?'
    match = re.search(rf"^[ \t]*\[tool\.argolint\.({name})", text, re.MULTILINE)
    if match is None:
        table = re.search(r"^[ \t]*\[tool\.argolint\]", text, re.MULTILINE)
        begin = table.end() if table is not None else 0
        match = re.compile(rf"^[ \t]*({name})[ \t]*[=.]", re.MULTILINE).search(text, begin)
    if match is None:
        return -1
    at = match.start(1)
    if of_key:
        return at
    for word in words:
        found = text.find(word, at + 1)
        at = found if found >= 0 else at
    return at
