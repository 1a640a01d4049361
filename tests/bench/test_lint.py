"""How long linting takes, beside yamllint and check-jsonschema on the same files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bench.tree import make

COLD, WARM, ONE = 1.0, 0.15, 0.15  # seconds of wall clock, on an idle machine with two cores
MEGABYTES = 150  # of the largest process
LINEAR = 14  # how often the CPU time of 1,000 files 10,000 may take: trees that have no room are packed and unpacked


def _environment(cache: Path) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**env, "ARGOLINT_CACHE_DIR": str(cache)}


def _timed(words: list[str], folder: Path, cache: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak megabytes of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(
        words, cwd=folder, env=_environment(cache), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    assert os.waitstatus_to_exitcode(status) in (0, 1)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _argolint(*words: str) -> list[str]:
    return [sys.executable, "-m", "argolint", "check", "--quiet", *words]


def _best(
    words: list[str], folder: Path, cache: Path, rounds: int = 3, *, clear: bool = False
) -> tuple[float, float, float]:
    """The least of each figure: what else the machine does only ever adds to them."""
    found = []
    for _ in range(rounds):
        if clear:
            for blob in cache.glob("project-*"):
                blob.unlink()
        found.append(_timed(words, folder, cache))
    walls, cpus, megabytes = zip(*found, strict=True)
    return min(walls), min(cpus), max(megabytes)


def _tree(tmp_path: Path, files: int) -> tuple[Path, Path]:
    folder = tmp_path / f"tree-{files}"
    make(folder, files)
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    cache = tmp_path / "cache"
    _timed(
        _argolint("--no-context", "data/group-0/cron-0.yaml"), folder, cache
    )  # compiles what has to be compiled
    return folder, cache


@pytest.mark.bench
def test_a_thousand_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, cache = _tree(tmp_path, 1000)
    cold = _best(_argolint("."), folder, cache, clear=True)
    warm = _best(_argolint("."), folder, cache)
    one = _best(_argolint("--no-cache", "--no-context", "data/group-0/pipeline-0.yaml"), folder, cache)
    hook = _best(_argolint("data/group-0/pipeline-0.yaml"), folder, cache)
    beside = Path(sys.executable).parent
    yamllint = _best([str(beside / "yamllint"), "-d", "relaxed", "."], folder, cache, 2)
    files = sorted(str(path) for path in folder.rglob("*.yaml"))
    schema = tmp_path / "any.json"
    schema.write_text('{"type": "object", "required": ["apiVersion", "kind", "metadata"]}')
    single = [path for path in files if "rbac" not in path]  # the others have several documents
    checked = _best(
        [str(beside / "check-jsonschema"), "--schemafile", str(schema), *single], folder, cache, 2
    )
    with capsys.disabled():
        print(
            f"\nlint, 1,000 files (wall s / CPU s / MB): cold {cold[0]:.2f}/{cold[1]:.2f}/{cold[2]:.0f} (budget {COLD}), "
            f"warm {warm[0]:.2f}/{warm[1]:.2f}/{warm[2]:.0f} ({WARM}), one file {one[0]:.2f}/{one[1]:.2f} ({ONE}), "
            f"one of 1,000 with its context {hook[0]:.2f}/{hook[1]:.2f}\n"
            f"  yamllint {yamllint[0]:.2f}/{yamllint[1]:.2f}/{yamllint[2]:.0f}: {yamllint[0] / cold[0]:.1f} times the wall time "
            f"of our cold run, {yamllint[1] / cold[1]:.1f} times its CPU time\n"
            f"  check-jsonschema on {len(single)} of them {checked[0]:.2f}/{checked[1]:.2f}/{checked[2]:.0f}: "
            f"{checked[0] / cold[0]:.1f} times, {checked[1] / cold[1]:.1f} times"
        )
    assert cold[2] < MEGABYTES
    assert cold[0] < yamllint[0]
    assert warm[0] < cold[0] / 3


@pytest.mark.bench
def test_ten_thousand_files_take_ten_times_as_long(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, cache = _tree(tmp_path, 1000)
    large, _ = _tree(tmp_path, 10_000)
    few = _best(_argolint("--no-cache", "."), small, cache)
    many = _timed(_argolint("--no-cache", "."), large, cache)
    with capsys.disabled():
        print(
            f"\nlint, 10,000 files (wall s / CPU s / MB): {many[0]:.2f}/{many[1]:.2f}/{many[2]:.0f}, "
            f"{many[0] / few[0]:.1f} times the wall and {many[1] / few[1]:.1f} times the CPU time of 1,000"
        )
    assert many[1] < LINEAR * few[1]
    assert many[2] < MEGABYTES
