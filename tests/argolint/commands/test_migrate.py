"""Manifests brought to another release, comments kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.cli import main

OLD = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: a}
spec:
  schedule: "0 1 * * *"  # nightly
  timezone: Etc/UTC
  workflowSpec:
    entrypoint: main
    synchronization:
      mutex:
        name: one  # only one
    templates:
    - name: main
      synchronization:
        semaphore:
          configMapKeyRef: {name: c, key: k}
      container: {image: "a:1", command: [x]}
"""
NEW = (
    OLD.replace('schedule: "0 1 * * *"', 'schedules: ["0 1 * * *"]')
    .replace("mutex:\n        name", "mutexes:\n        - name")
    .replace("semaphore:\n          config", "semaphores:\n          - config")
)


def test_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.yaml"
    path.write_text(OLD)
    assert main(["migrate", "--to", "4.0", "--diff", "a.yaml"]) == 1
    assert path.read_text() == OLD
    assert capsys.readouterr().err == "3 fields would be rewritten\n"
    assert main(["migrate", "--to", "4.0", "a.yaml"]) == 0
    assert capsys.readouterr().out == "3 fields rewritten for Argo 4.0\n"
    assert path.read_text() == NEW
    assert main(["migrate", "--to", "4.0", "a.yaml"]) == 0
    assert path.read_text() == NEW


def test_what_a_person_must_decide_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(NEW.replace("entrypoint: main", "entrypoint: main\n    podPriority: 3"))
    assert main(["migrate", "--to", "latest", "a.yaml"]) == 1
    out = capsys.readouterr().out
    assert "a.yaml:9:5: error: `podPriority` was removed in Argo 3.7" in out
    assert out.endswith("1 left for you to decide\n")
