"""Text edits: what they change, and that they change nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.diagnostic import Edit
from argolint.text import SourceText
from argolint.yaml import edit as edits
from argolint.yaml import parse
from argolint.yaml.edit import add_key, apply_edits, delete_item, delete_key, quote, reindent, scalar, verify

TEXT = """\
a: 1  # one
b:
  c: x
  d:
  - p: 1
    q: 2
  - r
e: {f: 1, g: 2, h: 3}
i: [1, 2, 3]
"""


def root(text: str = TEXT) -> Any:
    return parse(text).documents[0].root


def test_delete_key_takes_its_lines() -> None:
    assert apply_edits(TEXT, delete_key(SourceText(TEXT), root(), "a")) == TEXT.replace("a: 1  # one\n", "")
    assert apply_edits(TEXT, delete_key(SourceText(TEXT), root()["b"], "d")) == TEXT.replace(
        "  d:\n  - p: 1\n    q: 2\n  - r\n", ""
    )


def test_delete_key_beside_a_dash_keeps_the_dash() -> None:
    item = root()["b"]["d"][0]
    assert "  - q: 2\n" in apply_edits(TEXT, delete_key(SourceText(TEXT), item, "p"))
    assert "  - p: 1\n  - r\n" in apply_edits(TEXT, delete_key(SourceText(TEXT), item, "q"))


@pytest.mark.parametrize(
    ("key", "left"), [("f", "{g: 2, h: 3}"), ("g", "{f: 1, h: 3}"), ("h", "{f: 1, g: 2}")]
)
def test_delete_key_in_flow_style_takes_a_comma(key: str, left: str) -> None:
    assert f"e: {left}\n" in apply_edits(TEXT, delete_key(SourceText(TEXT), root()["e"], key))


def test_deleting_the_last_entry_leaves_an_empty_mapping() -> None:
    text = "a:\n  b: 1\nc: 2\n"
    assert apply_edits(text, delete_key(SourceText(text), root(text)["a"], "b")) == "a:\n  {}\nc: 2\n"


def test_delete_item() -> None:
    node = root()
    assert apply_edits(TEXT, delete_item(SourceText(TEXT), node["b"]["d"], 0)) == TEXT.replace(
        "  - p: 1\n    q: 2\n", ""
    )
    assert apply_edits(TEXT, delete_item(SourceText(TEXT), node["b"]["d"], 1)) == TEXT.replace("  - r\n", "")
    assert "i: [1, 3]\n" in apply_edits(TEXT, delete_item(SourceText(TEXT), node["i"], 1))


def test_delete_item_of_a_compact_group() -> None:
    text = "s:\n- - a: 1\n    b: 2\n  - c: 3\n- - d: 4\n"
    groups = root(text)["s"]
    for index, left in ((0, "s:\n- - c: 3\n- - d: 4\n"), (1, "s:\n- - a: 1\n    b: 2\n- - d: 4\n")):
        assert apply_edits(text, delete_item(SourceText(text), groups[0], index)) == left


def test_add_key() -> None:
    node = root()
    assert apply_edits(TEXT, add_key(SourceText(TEXT), node["b"], "z", "1")).endswith(
        "  - r\n  z: 1\n" + TEXT[-35:]
    )
    assert apply_edits(TEXT, add_key(SourceText(TEXT), node, "z", "1", after="a")).startswith(
        "a: 1  # one\nz: 1\n"
    )
    assert "e: {f: 1, g: 2, h: 3, z: 1}" in apply_edits(TEXT, add_key(SourceText(TEXT), node["e"], "z", "1"))
    assert "  - p: 1\n    q: 2\n    z:\n      y: 1\n" in apply_edits(
        TEXT, add_key(SourceText(TEXT), node["b"]["d"][0], "z", "\n  y: 1")
    )


def test_add_key_uses_the_line_breaks_of_the_file() -> None:
    text = "a: 1\r\nb: 2\r\n"
    assert apply_edits(text, add_key(SourceText(text), root(text), "c", "3")) == "a: 1\r\nb: 2\r\nc: 3\r\n"


def test_reindent_shifts_lines_that_start_in_the_span() -> None:
    text = "a:\n  b: |\n    x\n\n    y\n  c: 1\n"
    start, end = root(text)["a"].span
    assert (
        apply_edits(text, reindent(SourceText(text), start, end, 2))
        == "a:\n  b: |\n      x\n\n      y\n    c: 1\n"
    )
    assert apply_edits(text, reindent(SourceText(text), 0, end, -1)) == "a:\n b: |\n   x\n\n   y\n c: 1\n"


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "a b",
        "yes",
        "1",
        "",
        "a: b",
        "a #b",
        "{{x}}",
        "it's",
        'q"',
        "tab\t",
        "-",
        " x",
        "é",
        "a:",
        "1.5",
        "~",
        "[x",
    ],
)
def test_scalar_is_read_back_as_the_same_text(value: str) -> None:
    assert root(f"k: {scalar(value)}\n") == {"k": value}
    assert root(f"k: {quote(value)}\n") == {"k": value}


def test_scalar_stays_plain_where_it_can() -> None:
    assert [scalar(text) for text in ("build", "a b", "no", "v1.2")] == ["build", "a b", '"no"', "v1.2"]


def test_edits_must_not_overlap() -> None:
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abc", [Edit(0, 2, ""), Edit(1, 3, "")])
    assert edits.overlap([Edit(0, 2, ""), Edit(1, 3, "")])
    assert not edits.overlap([Edit(0, 2, ""), Edit(2, 3, "")])


def test_verify_accepts_an_edit_that_stays_in_its_place() -> None:
    change = delete_key(SourceText(TEXT), root(), "a")
    assert verify(TEXT, apply_edits(TEXT, change), change)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a: 1\nb: 2\n", Edit(3, 4, "[")),  # no longer parses
        ("a: 1\nb: 2\nc: 3\n", Edit(3, 4, "1 # x\n   y: &z")),
        ("a: 1\nb: 2\nc: 3\n", Edit(3, 4, '"')),
    ],
)
def test_verify_refuses_an_edit_that_reaches_further(text: str, change: Edit) -> None:
    assert not verify(text, apply_edits(text, [change]), [change])
