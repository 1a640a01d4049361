"""From a place in a value to the place in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argolint.yaml import Map, Seq, parse
from argolint.yaml.scalars import offset_map


def located(text: str, needle: str) -> str:
    """What is written in the file where `needle` stands in the value of the key `a`."""
    node = parse(text).documents[0].root
    value = node["a"]
    at = node.at["a"]
    offsets = offset_map(text, at[2], at[3], node.styles.get("a", ""), value)
    start = value.index(needle)
    return text[slice(*offsets.span(start, start + len(needle)))]


@pytest.mark.parametrize(
    "text",
    [
        "a: x {{t}} y\n",
        "a: 'x {{t}} y'\n",
        'a: "x {{t}} y"\n',
        "a: |\n  x\n  {{t}} y\n",
        "a: |2\n    x\n    {{t}} y\n",
        "a: >\n  x\n  {{t}} y\n\n  z\n",
        "a: >-\n  x\n    more {{t}}\n  z\n",
        "a: first\n  second {{t}}\n  third\n",
        "a: 'it''s {{t}}'\n",
        'a: "tab\\t and \\u00e9 {{t}} \\n"\n',
        'a: "one\\\n    two {{t}}"\n',
        "a: 'one\n\n  two {{t}}'\n",
        "a: &x y {{t}}\n",
        "a: |\r\n  x\r\n  {{t}} y\r\n",
        "\ufeffa: x {{t}}\n",
        "a: |\n  é中 {{t}}\n",
    ],
)
def test_every_style(text: str) -> None:
    assert located(text, "{{t}}") == "{{t}}"


def test_an_escape_is_covered_as_a_whole() -> None:
    assert located('a: "x\\u00e9y"\n', "é") == "\\u00e9"
    assert located("a: 'it''s'\n", "'") == "''"


def test_two_equal_lines_in_a_block_are_told_apart() -> None:
    text = "a: |\n  echo\n  echo\n"
    node = parse(text).documents[0].root
    offsets = offset_map(text, node.at["a"][2], node.at["a"][3], "|", node["a"])
    assert offsets.source(node["a"].rindex("echo")) == text.rindex("echo")


@pytest.mark.slow
def test_tags_of_the_corpus_are_found_where_they_are_written(shared: Path) -> None:
    checked = 0
    for path in sorted((shared / "corpus").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for document in parse(text).documents:
            checked += _check(text, document.root, path)
    assert checked > 1500


def _check(text: str, node: Any, path: Path) -> int:
    entries: list[tuple[Any, int, int, str]] = []
    if isinstance(node, Map):
        entries = [
            (value, node.at[key][2], node.at[key][3], node.styles.get(key, ""))
            for key, value in node.items()
            if key not in node.aliases
        ]
    elif isinstance(node, Seq):
        entries = [
            (value, *node.at[i], node.styles.get(i, ""))
            for i, value in enumerate(node)
            if i not in node.aliases
        ]
    checked = 0
    for value, start, end, style in entries:
        if not isinstance(value, str):
            checked += _check(text, value, path)
        elif "{{" in value:
            offsets = offset_map(text, start, end, style, value)
            at = value.index("{{")
            while at >= 0:
                assert text[slice(*offsets.span(at, at + 2))] == "{{", (path, value)
                checked += 1
                at = value.find("{{", at + 1)
    return checked
