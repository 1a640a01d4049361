"""docs/rules.md lists the rules there are."""

from __future__ import annotations

from pathlib import Path

from argolint import registry
from tools.gen_rule_index import page


def test_the_index_is_fresh(repo: Path) -> None:
    written = (repo / "docs" / "rules.md").read_text("utf-8")
    assert written == page(registry.load()), "run `python -m tools.gen_rule_index`"
