"""Where the runs of a place are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor.local.nearest import folder_with_runs
from executor.local.rundir import runs_directory


def test_the_nearest_folder_above_within_the_repository(tmp_path: Path) -> None:
    outer = tmp_path / ".argolint"
    (outer / "runs").mkdir(parents=True)
    deep = tmp_path / "repository/workflows/nightly"
    deep.mkdir(parents=True)
    assert folder_with_runs(str(deep)) == str(outer)
    assert runs_directory(deep) == outer / "runs"

    (tmp_path / "repository/.git").mkdir()
    assert folder_with_runs(str(deep)) == ""
    assert runs_directory(deep) == deep / ".argolint/runs"

    own = tmp_path / "repository/.argolint"
    (own / "runs").mkdir(parents=True)
    assert folder_with_runs(str(deep)) == str(own)


def test_what_another_user_left_above_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".argolint/runs").mkdir(parents=True)
    here = tmp_path / "here"
    here.mkdir()
    assert folder_with_runs(str(here)) == str(tmp_path / ".argolint")
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(tmp_path).st_uid + 1)
    assert folder_with_runs(str(here)) == ""
