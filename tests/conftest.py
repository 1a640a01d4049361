"""Fixtures that every test may use."""

from __future__ import annotations

from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout."""
    return REPO


@pytest.fixture(scope="session")
def shared() -> Path:
    """Other people's manifests and schemas, beside the checkout where they are to be had."""
    folder = REPO.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the corpus of other people's manifests is not beside this checkout")
    return folder
