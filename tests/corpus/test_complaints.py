"""Mistakes that people have complained of: each is found, at its line, and says what to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from argolint.api import Source, check
from argolint.ruletest import strip_markers, wrap
from argolint.settings import Settings

_CASE = re.compile(r"^## ([^\n]+)\n\n```yaml([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RELEASE = re.compile(r"argo=(\d+)\.(\d+)")


class Case(NamedTuple):
    """A complaint: its heading, the words behind ```yaml, the manifest with markers where findings are."""

    title: str
    words: str
    text: str


CASES = [
    Case(*found.groups())
    for page in sorted(Path(__file__).with_name("complaints").glob("*.md"))
    for found in _CASE.finditer(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_complaint_is_answered(case: Case) -> None:
    text, expected = strip_markers("example.yaml", case.text)
    whole, before, _ = wrap(text)
    settings = Settings()
    if release := _RELEASE.search(case.words):
        settings.argo_version = (int(release[1]), int(release[2]))
    report = check([Source("example.yaml", whole)], settings)
    assert report.tracebacks == []
    found = {
        (report.texts[one.path].line_col(one.start)[0] - before, one.severity, one.code)
        for one in report.findings
    }
    wanted = {(marker.line, marker.severity, marker.code) for marker in expected}
    assert wanted
    assert wanted <= found
    assert {one for one in found if one[1] == "error"} <= wanted


def test_there_are_many_and_none_twice() -> None:
    titles = [case.title for case in CASES]
    assert len(titles) > 180
    assert len(titles) == len(set(titles))
