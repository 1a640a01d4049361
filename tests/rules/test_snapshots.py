"""What a person sees of each rule: the text output for the first Bad block of its page, one file a family.

`ARGOLINT_SNAPSHOTS=bless pytest tests/rules/test_snapshots.py` writes the files; read the difference before committing it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from argolint import registry
from argolint.report import View
from argolint.report.text import finding_block
from argolint.rule import Rule
from argolint.ruletest import cases_of, lint_case

FOLDER = Path(__file__).parent / "snapshots"
BLESS = os.environ.get("ARGOLINT_SNAPSHOTS") == "bless"
RULES = registry.load()
# What other programs say changes with their versions.
EXTERNAL = {"SCR101", "SCR103"}
FAMILIES = sorted({item.module[1].partition("/")[0] for item in RULES.values()})
_TITLE = re.compile(r"^=== (\w+) .*\n", re.MULTILINE)


def shown(item: Rule) -> str:
    """The findings of a rule in its first Bad block, as they are printed."""
    page = Path(registry.page_path(item)).read_text(encoding="utf-8")
    case = next((case for case in cases_of(page) if not case.good), None)
    if case is None:
        return ""
    report = lint_case(case, item, RULES).report
    view = View(report.findings, report.texts, report.summary)
    return (
        "\n".join(finding_block(found, view) for found in report.findings if found.code == item.code) + "\n"
    )


def kept(family: str) -> dict[str, str]:
    """Code -> what its snapshot says."""
    file = FOLDER / f"{family}.txt"
    parts = _TITLE.split(file.read_text(encoding="utf-8")) if file.is_file() else [""]
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_person_sees(family: str) -> None:
    items = [
        item for code, item in sorted(RULES.items())
        if item.module[1].startswith(f"{family}/") and code not in EXTERNAL
    ]  # fmt: skip
    now = {item.code: shown(item) for item in items}
    if BLESS:
        FOLDER.mkdir(exist_ok=True)
        text = "".join(f"=== {code} {RULES[code].name}\n{body}" for code, body in now.items())
        (FOLDER / f"{family}.txt").write_text(text, encoding="utf-8")
    known = kept(family)
    # A rule that is newer than its snapshot is not compared; see the next test.
    assert {code: body for code, body in now.items() if code in known} == {
        code: body for code, body in known.items() if code in now
    }, "look at the difference; ARGOLINT_SNAPSHOTS=bless accepts it"


def test_nearly_every_rule_has_a_snapshot() -> None:
    known = {code for family in FAMILIES for code in kept(family)}
    missing = set(RULES) - known - EXTERNAL
    assert len(missing) < 40, f"ARGOLINT_SNAPSHOTS=bless writes those of {', '.join(sorted(missing))}"


def test_every_snapshot_has_carets_under_something() -> None:
    for family in FAMILIES:
        for code, body in kept(family).items():
            assert f"[{code} {RULES[code].name}]" in body if code in RULES else True
            assert "^" in body or code not in RULES, code
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", body), code
