"""Every mistake of an expression or a `depends` that can be mended by itself, without consequences."""

from __future__ import annotations

import pytest

from argolint.language.check import check_source
from argolint.language.check_text import check_depends
from argolint.language.scope import Scope

SCOPE = Scope({}, {}, open_roots=("a", "b", "c", "f"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a b + * c", [(2, 3, "unexpected ident b"), (6, 7, "unexpected operator *")]),
        ("(a + b == [1, 2", [(15, 15, "unexpected end of expression, expected ,")]),
        ("f(1,, 2) + )", [(4, 5, "unexpected operator ,"), (11, 12, "unexpected bracket )")]),
        ("a @ b + 08z", [(2, 3, "unrecognized character: '@'"), (8, 11, "bad number syntax: '08z'")]),
        ("'abc", [(0, 4, "literal not terminated")]),
        ("a ? b", [(5, 5, "unexpected end of expression, expected :")]),
        ("if a { 1 } else 2", [(16, 17, "unexpected number 2, expected {")]),
        ("{a: 1 b: 2}", [(6, 7, "unexpected ident b, expected ,")]),
        ("let x 1; x", [(6, 7, "unexpected number 1, expected =")]),
        (
            "a.+b.",
            [(2, 3, "expected name, found operator +"), (5, 5, "expected name, found end of expression")],
        ),
        (
            "\"\\q\" + '\\z'",
            [
                (1, 3, "unable to unescape the string: bad escape"),
                (8, 10, "unable to unescape the string: bad escape"),
            ],
        ),
        ("", [(0, 0, "unexpected end of expression")]),
    ],
)
def test_expressions(source: str, expected: list[tuple[int, int, str]]) -> None:
    found = check_source(source, SCOPE)[1]
    assert [(one.start, one.end, one.message) for one in found] == expected
    assert {one.kind for one in found} == {"expression-syntax"}


def test_kinds_of_their_own() -> None:
    found = check_source("map(a, {#.b = 1}) and c = 2 or (a ?? b + 1)", SCOPE)[1]
    assert [(one.kind, one.start, one.end, one.suggestion) for one in found] == [
        ("single-equals", 12, 13, "=="),
        ("single-equals", 24, 25, "=="),
        ("mixed-coalesce", 39, 40, None),
    ]


def test_several_types_that_do_not_fit() -> None:
    found = check_source("('a' - 1) + upper(5) + nope", Scope({}, {}))[1]
    assert [(one.kind, one.start, one.end) for one in found] == [
        ("wrong-operand-type", 0, 9),
        ("wrong-argument-type", 18, 19),
        ("undefined-identifier", 23, 27),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a.Success && b.Failure", [(2, 9), (15, 22)]),
        ("a & b | c", [(2, 3), (6, 7)]),
        ("a b && || c", [(2, 3), (7, 9)]),
        ("(a && b", [(6, 7)]),
        ("a.Failed ||", [(10, 11)]),
    ],
)
def test_depends(source: str, expected: list[tuple[int, int]]) -> None:
    found = check_depends(source, ["a", "b", "c"])
    assert [(one.start, one.end) for one in found] == expected
    assert {one.kind for one in found} == {"depends-syntax"}


def test_a_text_of_many_mistakes_ends_soon() -> None:
    assert len(check_source("1 2 " * 400, SCOPE)[1]) == 8
    assert len(check_source("(" * 1500, SCOPE)[1]) == 1
