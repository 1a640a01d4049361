"""Splitting texts into tags."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argolint.language.tags import ExprTag, Piece, Raw, SimpleTag, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("abc", (Raw("abc", 0, 3),)),
        ("{{a}}", (SimpleTag("a", 0, 5, "a"),)),
        ("x{{ a }}y", (Raw("x", 0, 1), SimpleTag("a", 1, 8, " a "), Raw("y", 8, 9))),
        ("{{=1}}", (ExprTag("1", 0, 6, 3),)),
        ("{{ =1}}", (SimpleTag("=1", 0, 7, " =1"),)),
        ("{{={'a': {}}}}", (ExprTag("{'a': {", 0, 12, 3), Raw("}}", 12, 14))),
        ("{{='}}'}}", (ExprTag("'", 0, 6, 3), Raw("'}}", 6, 9))),
        ("{{a", (Raw("{{a", 0, 3, True),)),
        ("x{{a}b", (Raw("x", 0, 1), Raw("{{a}b", 1, 6, True))),
        ("{{a.{{b}}}}", (SimpleTag("a.{{b", 0, 9, "a.{{b"), Raw("}}", 9, 11))),
        ("{a}", (Raw("{a}", 0, 3),)),
        ("{{{a}}}", (SimpleTag("{a", 0, 6, "{a"), Raw("}", 6, 7))),
        ("{{}}", (SimpleTag("", 0, 4, ""),)),
    ],
)
def test_split(text: str, expected: tuple[Piece, ...]) -> None:
    assert split(text) == expected


def test_a_nested_tag_has_an_outer_and_an_inner_part() -> None:
    piece = split("{{a.{{b}}")[0]
    assert isinstance(piece, SimpleTag)
    assert piece.nested == ("a.", "b")


@given(st.text(alphabet="{}=a ", max_size=40))
def test_pieces_cover_the_text(text: str) -> None:
    pieces = split(text)
    assert "".join(text[piece.start : piece.end] for piece in pieces) == text
    assert all(before.end == after.start for before, after in pairwise(pieces))
