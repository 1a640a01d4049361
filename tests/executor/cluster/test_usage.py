"""What `kubectl top` is made of: /proc, read twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from executor.cluster import kubelet_usage

BUSY = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'while True: pass']); print('up', flush=True); input()"


@pytest.fixture
def busy() -> Iterator[int]:
    """A process that sleeps, whose child does not."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    yield process.pid
    os.killpg(process.pid, 9)
    process.communicate()


def test_what_children_use_counts(busy: int) -> None:
    assert len(kubelet_usage.tree(busy)) == 2
    found = kubelet_usage.measured("here", {("uid", "main"): busy, ("uid", "me"): os.getpid()})
    assert (found["name"], set(found["pods"]), set(found["pods"]["uid"])) == ("here", {"uid"}, {"main", "me"})
    nanocores, memory = found["pods"]["uid"]["main"]
    assert 0 < nanocores <= 1_200_000_000
    assert 2_000_000 < memory < 500_000_000
    assert found["node"][0] > 0
    assert found["node"][1] > memory


def test_a_process_that_has_gone_uses_nothing() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert kubelet_usage.of_tree(gone.pid) == (0.0, 0)
    found = kubelet_usage.measured("here", {("uid", "main"): gone.pid})
    assert found["pods"] == {"uid": {"main": [0, 0]}}
