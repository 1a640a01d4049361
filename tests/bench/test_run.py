"""`argorun run`: a hello-world from a cold start, beside the start of the interpreter alone."""

from __future__ import annotations

import shutil
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


HUNDRED_BUDGET = 3.0  # seconds for 100 pods of one container that start at once
HUNDRED = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: hundred-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: p, template: one, withSequence: {count: "100"}}]]
  - {name: one, container: {image: busybox, command: ["true"]}}
"""


def _podman_once() -> str:
    """How long podman takes for one container that ends at once, in words."""
    from executor.runtimes.podman import COMPATIBILITY, _global, _local

    program = shutil.which("podman")
    for flags in ((), COMPATIBILITY):
        words = [
            program or "podman",
            *_global(flags),
            "run",
            "--rm",
            *_local(flags),
            "--pull",
            "never",
            "--network",
            "none",
        ]
        command = [*words, "busybox", "true"]

        def call(command: list[str] = command) -> None:
            subprocess.run(command, check=True, capture_output=True, timeout=60)

        try:
            took = median(call, 3)
        except (OSError, subprocess.SubprocessError):
            continue
        return f"one container by podman: {took:.3f} s"
    return "podman runs no container here"


@pytest.mark.bench
def test_a_hundred_pods_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    (tmp_path / "wf.yaml").write_text(HUNDRED)
    words = [sys.executable, "-m", "executor", "run", "wf.yaml", "-q", "--no-log", "--jobs", "100"]

    def call() -> None:
        subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)

    measured = median(call, 3)
    with capsys.disabled():
        print(f"\nargorun run, 100 pods: {measured:.2f} s (budget {HUNDRED_BUDGET:.0f} s); {_podman_once()}")
    assert measured <= HUNDRED_BUDGET
