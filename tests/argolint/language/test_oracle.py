"""The languages against the Go libraries that Argo uses: `make oracle` asks more."""

from __future__ import annotations

import shutil

import pytest

from tools.language_oracle.areas import AREAS
from tools.language_oracle.oracle import compare

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(shutil.which("go") is None, reason="the libraries need Go"),
]


@pytest.mark.parametrize("area", AREAS)
def test_at_least_98_of_100_answers_are_equal(area: str) -> None:
    outcomes = compare(AREAS[area](5, 1000))
    different = [
        (outcome.question.fields, outcome.theirs, outcome.ours) for outcome in outcomes if not outcome.equal
    ]
    assert len(different) <= len(outcomes) * (0.02 if len(outcomes) > 50 else 0.1), different[:5]


@pytest.mark.parametrize("area", AREAS)
def test_no_question_ends_in_a_traceback(area: str) -> None:
    crashes = [one.question.fields for one in compare(AREAS[area](6, 1000)) if one.ours[0] == "crash"]
    assert crashes == []
