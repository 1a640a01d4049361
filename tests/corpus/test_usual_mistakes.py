"""The mistakes that texts about Argo teach: found where they are, with something to do about each, and gone when that is done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from argolint.api import Source, check
from argolint.diagnostic import Diagnostic
from argolint.ruletest import Expected, strip_markers, wrap
from argolint.settings import Settings

PAGE = Path(__file__).with_name("usual_mistakes.md").read_text(encoding="utf-8")


class Case(NamedTuple):
    """A heading, the manifests with the mistakes, and repaired ("" when there is no repair to show)."""

    title: str
    wrong: str
    repaired: str


def _cases() -> list[Case]:
    found = []
    for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, rest = part.partition("\n")
        fences = re.findall(r"^```yaml\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL)
        found.append(Case(title, fences[0], fences[1] if len(fences) > 1 else ""))
    return found


CASES = _cases()


def findings(text: str, codes: set[str]) -> tuple[list[tuple[int, Diagnostic]], int]:
    """(line of the text, finding) for everything found with the given rules switched on, and the lines put before the text."""
    whole, before, _ = wrap(text)
    settings = Settings()
    settings.extend_select = tuple(sorted(codes))
    report = check([Source("example.yaml", whole)], settings)
    assert report.tracebacks == []
    source = report.texts["example.yaml"]
    return [(source.line_col(one.start)[0] - before, one) for one in report.findings], before


def expected(text: str) -> tuple[str, list[Expected]]:
    """The text without markers, and the markers; that of a block scalar's header is for its lines too."""
    return strip_markers("example.yaml", text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_mistake_is_found_with_its_place_and_a_remedy(case: Case) -> None:
    text, marks = expected(case.wrong)
    assert marks
    found, _ = findings(text, {mark.code for mark in marks})
    lines = text.split("\n")
    for mark in marks:
        block = re.search(r"[|>]\s*$", lines[mark.line - 1])
        fitting = [
            one
            for line, one in found
            if (one.code, one.severity) == (mark.code, mark.severity)
            and (line == mark.line or (block and mark.line < line <= mark.line + 8))
            and mark.text in one.message
        ]
        assert fitting, (mark, [(line, one.code, one.message) for line, one in found])
        assert all(one.help or one.fix for one in fitting), mark
    # And no error but these.
    codes = {mark.code for mark in marks}
    assert [one.code for _, one in found if one.severity == "error" and one.code not in codes] == []


@pytest.mark.parametrize("case", [case for case in CASES if case.repaired], ids=lambda case: case.title)
def test_repaired_it_is_silent(case: Case) -> None:
    _, marks = expected(case.wrong)
    codes = {mark.code for mark in marks}
    found, _ = findings(case.repaired, codes)
    assert [
        (line, one.code, one.message) for line, one in found if one.code in codes or one.severity == "error"
    ] == []


# (file, line, code) in a text of the kind above that is kept beside the checkout.
SEED = [
    ("build-templates.yaml", 16, "SEC105"),
    ("build-templates.yaml", 17, "SCR118"),
    ("github-webhook-eventsource-and-sensor.yaml", 8, "SEC120"),
    ("github-webhook-eventsource-and-sensor.yaml", 9, "EVT140"),
    ("github-webhook-eventsource-and-sensor.yaml", 36, "EVT139"),
    ("github-webhook-eventsource-and-sensor.yaml", 39, "REF108"),
    ("github-webhook-eventsource-and-sensor.yaml", 43, "EVT132"),
    ("nightly-etl.yaml", 7, "DEP101"),
    ("nightly-etl.yaml", 24, "REF101"),
    ("nightly-etl.yaml", 27, "REF101"),
    ("nightly-etl.yaml", 30, "REF101"),
    ("rbac.yaml", 21, "RBA124"),
]


def test_the_manifests_of_such_a_text(shared: Path) -> None:
    folder = shared / "seed" / "manifests"
    if not folder.is_dir():
        pytest.skip("the seed is not here")
    sources = [Source(path.name, path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    report = check(sources)
    found = {
        (one.path, report.texts[one.path].line_col(one.start)[0], one.code)
        for one in report.findings
        if one.help or one.fix
    }
    assert [wanted for wanted in SEED if wanted not in found] == []
    errors = {(one.path, one.code) for one in report.findings if one.severity == "error"}
    assert errors == {
        ("github-webhook-eventsource-and-sensor.yaml", "EVT132"),
        ("nightly-etl.yaml", "REF101"),
        ("rbac.yaml", "RBA124"),
    }


FRAGMENTS = [
    ("03-build-image.yaml", 5, "REF117"),
    ("03-build-image.yaml", 5, "SCR118"),
    ("03-build-image.yaml", 7, "STR113"),
    ("03-build-image.yaml", 8, "SEC110"),
    ("03-resource.yaml", 8, "REL139"),
    ("03-resource.yaml", 11, "REF115"),
    ("03-suspend.yaml", 3, "REL140"),
    ("04-dag-ml-pipeline.yaml", 16, "DAG205"),
    ("05-artifacts.yaml", 4, "SCR117"),
    ("05-artifacts.yaml", 14, "STR124"),
    ("05-artifacts.yaml", 14, "REF126"),
    ("05-artifacts.yaml", 18, "SCR117"),
    ("06-detect-version.yaml", 6, "SCR116"),
    ("07-retry.yaml", 8, "REL115"),
    ("07-retry.yaml", 10, "SEC105"),
    ("08-with-param.yaml", 1, "STR102"),
    ("08-with-param.yaml", 5, "STR102"),
    ("09-template-ref-spec.yaml", 15, "REF117"),
]


@pytest.mark.parametrize("name", sorted({one[0] for one in FRAGMENTS}))
def test_the_fragments_of_such_a_text(name: str, shared: Path) -> None:
    path = shared / "seed" / "fragments" / name
    if not path.is_file():
        pytest.skip("the seed is not here")
    found, _ = findings(path.read_text(), set())
    have = {(line, one.code) for line, one in found if one.help or one.fix}
    assert [one for one in FRAGMENTS if one[0] == name and one[1:] not in have] == []
