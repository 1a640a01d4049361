"""Fixtures that every test may use."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parent.parent
# A shell starts what it puts into the background with interrupts ignored, and that is handed on to every program that a
# test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
