"""A process that is killed leaves no sandbox, even one that was still being set up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executor.runtimes.probe import probe_sandbox

pytestmark = pytest.mark.sandbox
CHILD = """
import sys
from pathlib import Path
from executor.runtimes import guard
guard.watch(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


def _child(pods: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(pods)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _orphan(root: Path) -> subprocess.Popen[bytes]:
    """A sandbox with this root that nobody owns."""
    bwrap, _, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
    root.mkdir(parents=True)
    words = [
        "--unshare-user",
        "--unshare-pid",
        "--bind",
        str(root),
        "/",
        "--ro-bind",
        "/usr",
        "/usr",
        "--symlink",
        "usr/bin",
        "/bin",
    ]
    words += [
        "--symlink",
        "usr/lib",
        "/lib",
        "--symlink",
        "usr/lib64",
        "/lib64",
        "--",
        "/usr/bin/sleep",
        "60",
    ]
    return subprocess.Popen([bwrap, *words], start_new_session=True)


def _ended(process: subprocess.Popen[bytes], patience: float) -> bool:
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_sandboxes_of_a_killed_process_are_ended_and_others_left_alone(tmp_path: Path) -> None:
    ours = _orphan(tmp_path / "a/ns_pod/containers/main/root")
    other = _orphan(tmp_path / "b/ns_pod/containers/main/root")
    owner = _child(tmp_path / "a")
    try:
        time.sleep(0.3)
        assert ours.poll() is None
        os.kill(owner.pid, signal.SIGKILL)
        assert _ended(ours, 15)
        assert other.poll() is None
    finally:
        for process in (owner, ours, other):
            process.kill()
            process.wait(10)


def test_a_process_that_ends_by_itself_says_goodbye(tmp_path: Path) -> None:
    ours = _orphan(tmp_path / "a/ns_pod/containers/main/root")
    owner = _child(tmp_path / "a")
    try:
        owner.communicate(timeout=10)
        assert not _ended(ours, 1.5)
    finally:
        ours.kill()
        ours.wait(10)
