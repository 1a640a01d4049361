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


CASE_BUDGET = 0.020  # seconds a mocked test case
CASES = """workflow: wf.yaml
cases:
- name: one
  mocks:
  - {match: {template: work}, attempts: [{exitCode: 1}, {result: 1}]}
  expect: {phase: Succeeded, nodes: {b: {attempts: 2}}}
"""
PIPELINE = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hello-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: work}
      - {name: b, template: work, depends: a}
      - {name: c, template: work, depends: b, withItems: [1, 2, 3]}
  - name: work
    retryStrategy: {limit: 2}
    script: {image: busybox, command: [sh], source: "echo hello"}
"""


@pytest.mark.bench
def test_a_mocked_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from executor.local import testfile, testrun

    (tmp_path / "wf.yaml").write_text(PIPELINE)
    (tmp_path / "wf.test.yaml").write_text(CASES)
    file = testfile.load(tmp_path / "wf.test.yaml")
    subject = testrun.subject_of(file, {})

    def case() -> None:
        assert testrun.run_case(file, subject, 0).passed

    measured = median(case, 15)
    with capsys.disabled():
        print(f"\nargorun test, one case: {measured * 1000:.1f} ms (budget {CASE_BUDGET * 1000:.0f} ms)")
    assert measured <= CASE_BUDGET
