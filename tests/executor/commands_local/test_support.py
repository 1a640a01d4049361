"""The support table is the code's own, and every row of it has its test."""

from __future__ import annotations

from pathlib import Path

from tools import support_table


def test_the_support_table_is_fresh(repo: Path) -> None:
    written = (repo / "docs/argorun-support.md").read_text()
    assert written == support_table.text(), "run python -m tools.support_table"


def test_every_feature_names_a_test_that_exists(repo: Path) -> None:
    assert [test for _, test in support_table.HONOURED if not (repo / test).is_file()] == []
