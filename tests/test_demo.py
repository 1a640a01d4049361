"""The demonstration, as `make demo` runs it: from end to end, and interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]


def start(repo: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """The demo as a process group of its own, with its temporary folder below `tmp_path`."""
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    env.pop("KUBECONFIG", None)
    words = [sys.executable, "-m", "tools.demo"]
    return subprocess.Popen(
        words,
        cwd=repo,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """Command lines of living processes that mention a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in command:
                found.append(command)
    return found


def gone(folder: Path) -> bool:
    """Whether nothing below `folder` is left, and no process that works there."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not processes_of(folder) and not list(folder.glob("argolint-demo-*")):
            return True
        time.sleep(0.2)
    return False


def test_the_demo_shows_the_main_job_and_leaves_nothing_behind(repo: Path, tmp_path: Path) -> None:
    demo = start(repo, tmp_path)
    said, _ = demo.communicate(timeout=170)
    assert demo.returncode == 0, said
    assert [int(n) for n in re.findall(r"^== (\d+)\.", said, re.M)] == [1, 2, 3, 4, 5, 6, 7]
    assert re.search(r"templates/release\.yaml:\d+: .*unit-tests", said), said
    assert re.search(r"^ \S publish  Succeeded", said, re.M), said
    assert re.search(r"^release-\w+-push-\d+: published chart 1\.4\.0$", said, re.M), said
    assert "still applied: " in said
    assert gone(tmp_path), (processes_of(tmp_path), list(tmp_path.iterdir()))


def test_an_interrupted_demo_cleans_up(repo: Path, tmp_path: Path) -> None:
    demo = start(repo, tmp_path)
    assert demo.stdout is not None
    for line in demo.stdout:
        if "the cluster is ready" in line:
            break
    demo.send_signal(signal.SIGINT)
    said = demo.stdout.read()
    assert demo.wait(timeout=30) == 1, said
    assert "interrupted, cleaning up" in said
    assert gone(tmp_path), (processes_of(tmp_path), list(tmp_path.iterdir()))
