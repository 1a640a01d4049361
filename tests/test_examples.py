"""The examples: what is wrong with the broken ones, and that nothing is with the healthy ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ARGOLINT = [sys.executable, "-m", "argolint", "check", "--no-cache", "--output-format", "json"]


def findings(repo: Path, folder: str) -> list[tuple[str, int, str]]:
    """(file, line, code) of every error below a folder."""
    done = subprocess.run([*ARGOLINT, f"examples/{folder}"], cwd=repo, capture_output=True, text=True)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    return [
        (Path(f["file"]).name, f["line"], f["code"])
        for f in report["findings"]
        if f["severity"] in ("error", "warning")
    ]


def test_every_mistake_of_the_broken_folder_is_found(repo: Path) -> None:
    found = set(findings(repo, "broken"))
    expected = {
        ("greeting.yaml", 18, "YML102"),
        ("greeting.yaml", 19, "YML103"),
        ("nightly.yaml", 8, "DEP101"),
        ("nightly.yaml", 9, "CRN104"),
        ("nightly.yaml", 18, "REF101"),
        ("nightly.yaml", 20, "DAG101"),
        ("nightly.yaml", 23, "REF105"),
        ("pipeline.yaml", 15, "STP102"),
        ("pipeline.yaml", 32, "STP111"),
        ("pipeline.yaml", 52, "REF115"),
        ("rbac.yaml", 29, "RBA301"),
    }
    assert expected <= found, expected - found


def test_the_healthy_repository_is_clean(repo: Path) -> None:
    assert findings(repo, "platform") == []


@pytest.mark.sandbox
def test_the_healthy_repository_runs_without_a_cluster(repo: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "executor", "run", str(repo / "examples/platform/templates/release.yaml")]
    done = subprocess.run(
        [*words, "-p", "version=9.9", "-o", "json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    workflow = json.loads(done.stdout)
    assert workflow["status"]["phase"] == "Succeeded"
    nodes = {n["displayName"]: n["phase"] for n in workflow["status"]["nodes"].values() if n["type"] == "Pod"}
    assert nodes == dict.fromkeys(
        [
            "fetch",
            "test(0:api)(0)",
            "test(1:web)(0)",
            "test(2:worker)(0)",
            "scan",
            "image",
            "chart",
            "announce",
        ],
        "Succeeded",
    )
