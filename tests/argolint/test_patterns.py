"""Patterns that are compiled at their first use."""

from __future__ import annotations

import copy
import re

import pytest

from argolint.patterns import lazy


def test_a_lazy_pattern_answers_as_the_compiled_one() -> None:
    eager = re.compile(r"(?P<word>[a-z]+)-(\d)", re.IGNORECASE)
    late = lazy(r"(?P<word>[a-z]+)-(\d)", re.IGNORECASE)
    text = "Ab-1 c-2"
    assert (
        [m.span() for m in late.finditer(text)]
        == [m.span() for m in eager.finditer(text)]
        == [(0, 4), (5, 8)]
    )
    assert late.sub(r"\2", text) == eager.sub(r"\2", text) == "1 2"
    assert late.split(text) == eager.split(text)
    assert (late.pattern, late.flags, late.groupindex) == (eager.pattern, eager.flags, eager.groupindex)
    assert late.fullmatch(text) is None
    assert late.scanner(text) is not None


def test_a_wrong_pattern_is_an_error_at_its_first_use() -> None:
    late = lazy("(")
    with pytest.raises(re.error, match="missing \\), unterminated subpattern"):
        late.search("")


def test_looking_for_a_protocol_does_not_compile() -> None:
    assert not hasattr(copy.copy(lazy("(")), "__len__")
