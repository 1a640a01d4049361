"""A world for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reconciler.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A repository with a template and a CronWorkflow, and an empty cluster."""
    return World(tmp_path)
