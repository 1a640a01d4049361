"""`argorun run`: a hello-world from a cold start, beside the start of the interpreter alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.runtimes.probe import probe_sandbox

BUDGET = 0.5  # seconds, wall, on two cores
HELLO = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: busybox, command: [echo], args: [hello world]}
"""


def median(action: Callable[[], None], rounds: int = 7) -> float:
    """The median wall time of an action, after one round to warm the caches."""
    action()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


@pytest.mark.bench
def test_hello_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    (tmp_path / "hello.yaml").write_text(HELLO)

    def call(*words: str) -> None:
        subprocess.run([sys.executable, *words], cwd=tmp_path, check=True, capture_output=True)

    reference = median(lambda: call("-c", "pass"))
    measured = median(lambda: call("-m", "executor", "run", "hello.yaml", "-q"))
    with capsys.disabled():
        print(
            f"\nargorun run hello-world: {measured:.3f} s (budget {BUDGET} s), {measured / reference:.1f} × python -c pass ({reference:.3f} s)"
        )
    assert measured <= BUDGET
