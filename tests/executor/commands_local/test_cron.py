"""`argorun cron next|simulate`: times in their zone, clock changes, concurrency."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from executor.cli import main

CRON = """apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["30 2 * * *"]
  timezone: Europe/Berlin
  concurrencyPolicy: POLICY
  workflowSpec: {entrypoint: a, templates: [{name: a, suspend: {}}]}
"""


@pytest.fixture
def cron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)

    def call(*words: str, policy: str = "Forbid", code: int = 0) -> str:
        (tmp_path / "cron.yaml").write_text(CRON.replace("POLICY", policy))
        assert main(["cron", *words]) == code
        return capsys.readouterr().out

    return call


def test_a_night_without_half_past_two_is_left_out(cron) -> None:
    out = cron("next", "cron.yaml", "--count", "2", "--from", "2026-03-28T00:00:00Z")
    assert out == "nightly  2026-03-28T02:30:00+01:00\nnightly  2026-03-30T02:30:00+02:00\n"


def test_a_night_with_two_of_them_has_two_runs(cron) -> None:
    out = cron("simulate", "cron/nightly", "--from", "2026-10-25T00:00:00Z", "--to", "2026-10-25T12:00:00Z")
    assert out.splitlines() == [
        "nightly  2026-10-25T02:30:00+02:00  runs",
        "nightly  2026-10-25T02:30:00+01:00  runs  clocks changed from +0200 to +0100; this wall time comes twice today",
    ]


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [("Forbid", "forbidden: the run before has not ended"), ("Replace", "runs, and replaces the run before"), ("Allow", "runs beside the run before")],
)  # fmt: skip
def test_a_run_that_takes_too_long(cron, policy: str, outcome: str) -> None:
    words = (
        "simulate",
        "cron.yaml",
        "--from",
        "2026-06-01T00:00:00Z",
        "--to",
        "2026-06-03T00:00:00Z",
        "--duration",
        "30h",
        "-o",
        "json",
    )
    rows = json.loads(cron(*words, policy=policy))
    assert [row["outcome"] for row in rows] == ["runs", outcome]
    assert rows[1]["utc"] == "2026-06-02T00:30:00+00:00"
