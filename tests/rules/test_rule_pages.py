"""Every built-in rule has a page, and the page tells the truth."""

from __future__ import annotations

import pytest

from argolint import registry
from argolint.ruletest import check_page

RULES = registry.load()


@pytest.mark.parametrize("code", list(RULES))
def test_page(code: str) -> None:
    assert check_page(RULES[code], RULES) == []
