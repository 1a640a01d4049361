"""`argolint explain`, `argolint rules` and `argolint help`: what a reader of a finding asks next."""

from __future__ import annotations

import pytest

from argolint.cli import main
from argolint.commands.explain import rendered
from argolint.registry import load


def out_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(list(words)) == 0
    return capsys.readouterr().out


def test_several_rules_are_explained_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    both = out_of(capsys, "explain", "REF101", "single-dash-step")
    assert both == f"{out_of(capsys, 'explain', 'REF101')}\n{out_of(capsys, 'explain', 'STP101')}"


def test_a_prefix_lists_what_begins_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out_of(capsys, "explain", "stp10").splitlines()
    expected = [item for code, item in load().items() if code.startswith("STP10")]
    assert [line.split()[:2] for line in lines] == [[item.code, item.name] for item in expected]
    assert lines[0].endswith(f"  {expected[0].summary}")


def test_rules_can_be_asked_for_by_selectors(capsys: pytest.CaptureFixture[str]) -> None:
    lines = out_of(capsys, "rules", "LNT10", "single-dash-step").splitlines()
    assert [line.split()[0] for line in lines] == ["LNT101", "LNT102", "LNT103", "LNT104", "STP101", "5"]


@pytest.mark.parametrize("words", [["help"], ["help", "check"], ["check", "--help"], ["--help"], ["-V"]])
def test_help_is_found_however_it_is_asked_for(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0
    out = capsys.readouterr().out
    start = "usage: argolint check [-h]" if "check" in words else "usage: argolint [-h]"
    assert out.startswith("argolint 0" if words == ["-V"] else start)
    assert words == ["-V"] or "exit codes: 0 clean, 1 findings" in out


def test_paragraphs_are_wrapped_for_a_terminal_and_examples_are_not() -> None:
    page = (
        "# Title (STP101)\n\none two three four five six\nseven eight\n\n- item one two three four\n- b\n\n"
        "## Bad\n\n```yaml\nkey: a very long line that must stay as it is\n```\n"
    )
    assert rendered(load()["STP101"], page, False, 20).split("\n")[2:] == [
        "", "one two three four", "five six seven eight", "", "- item one two three", "  four", "- b", "", "Bad", "",
        "    key: a very long line that must stay as it is", "",
    ]  # fmt: skip
    assert "one two three four five six\nseven eight" in rendered(load()["STP101"], page, False)
