"""Every check of Argo's own validation has a manifest here that must be found wrong, at the right line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from argolint.api import Source, check
from argolint.diagnostic import Diagnostic
from argolint.ruletest import strip_markers, wrap
from argolint.settings import Settings

PAGE = Path(__file__).with_name("upstream_checks.md").read_text(encoding="utf-8")
_CASE = re.compile(r"^## ([^\n]+)\n\n```yaml([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Case(NamedTuple):
    """A manifest: its heading, the words behind ```yaml, the text with its markers."""

    title: str
    words: str
    text: str


CASES = [Case(*found.groups()) for found in _CASE.finditer(PAGE)]
REFUSED = [case for case in CASES if not case.title.startswith("ok ")]
SOUND = [case for case in CASES if case.title.startswith("ok ")]


def findings(case: Case, text: str) -> list[tuple[int, str, str]]:
    """(line of the fragment, severity, code) of everything that is found."""
    whole, before, _ = (text, 0, 0) if "raw" in case.words else wrap(text)
    settings = Settings()
    if "external=error" in case.words:
        settings.external_references = "error"
    report = check([Source("example.yaml", whole)], settings)
    assert report.tracebacks == []

    def line(found: Diagnostic) -> int:
        return report.texts["example.yaml"].line_col(found.start)[0] - before

    return [(line(found), found.severity, found.code) for found in report.findings]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.title)
def test_what_upstream_refuses_is_found_where_it_is(case: Case) -> None:
    text, marks = strip_markers("example.yaml", case.text)
    assert len(marks) == 1
    found = findings(case, text)
    for mark in marks:
        assert (mark.line, mark.severity, mark.code) in found


@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.title)
def test_a_sound_manifest_has_no_error(case: Case) -> None:
    assert [found for found in findings(case, case.text) if found[1] == "error"] == []


def test_more_templates_than_the_crd_takes() -> None:
    """K03: the limits that keep the CRD's own checks affordable."""
    names = [f"- {{name: t{number}, container: {{image: a}}}}" for number in range(201)]
    text = "entrypoint: t0\ntemplates:\n" + "\n".join(names) + "\n"
    found = findings(Case("K03", "", text), text)
    assert ("warning", "SCH120") in {(severity, code) for _, severity, code in found}


def test_most_checks_of_upstream_have_a_manifest() -> None:
    numbers = {number for case in REFUSED for number in re.findall(r"\b[A-Z]\d\d\b", case.title)}
    assert len(numbers) >= 180
