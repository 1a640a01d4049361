"""Lines, columns and decoding."""

from __future__ import annotations

from argolint.text import SourceText, decode


def test_lines_and_columns_count_from_one() -> None:
    source = SourceText("ab\n\ncé\r\nd")
    assert [source.line_col(i) for i in range(len(source) + 1)] == [
        (1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2), (3, 3), (3, 4), (4, 1), (4, 2),
    ]  # fmt: skip
    assert source.line_text(3) == "cé"
    assert source.newline() == "\n"


def test_offset_is_the_inverse_of_line_col() -> None:
    source = SourceText("one\r\ntwo\nthree")
    for offset in (0, 2, 5, 7, 9, 13):
        assert source.offset(*source.line_col(offset)) == offset
    assert source.offset(1, 99) == 3


def test_offsets_outside_the_text_are_clamped() -> None:
    assert SourceText("a\nb").line_col(-5) == (1, 1)
    assert SourceText("a\nb").line_col(50) == (2, 2)
    assert SourceText("").line_col(0) == (1, 1)


def test_decoding() -> None:
    assert decode("é".encode()) == ("é", "")
    assert decode("\ufeffa".encode()) == ("\ufeffa", "")
    assert decode(b"a: \xff") == ("a: \ufffd", "the file is not UTF-8: invalid start byte at byte 3")
    text, wrong = decode("a: 1".encode("utf-16"))
    assert text == "a: 1"
    assert "UTF-16" in wrong
