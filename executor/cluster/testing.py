"""A cluster for a test: the API server in a process of its own, on a free port, in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson


class RunningCluster(NamedTuple):
    """A running API server."""

    kubeconfig: Path
    """An administrator's kubeconfig."""
    url: str
    data: Path
    process: subprocess.Popen[bytes]


def start(data: Path, *arguments: str, timeout: float = 30.0) -> RunningCluster:
    """Start `argorun apiserver` on the folder `data` and return when it answers; `arguments` go to the command line.

    RuntimeError with what it printed when it does not start within `timeout` seconds.
    """
    data.mkdir(parents=True, exist_ok=True)
    note, log = data / "apiserver.json", data / "apiserver.log"
    note.unlink(missing_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "executor", "apiserver", "--data", str(data), *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "ARGOLINT_TRACEBACK": "1"},
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=True,
        )
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, orjson.JSONDecodeError):
            found = orjson.loads(note.read_bytes())
            if found["pid"] == process.pid:
                return RunningCluster(Path(found["kubeconfig"]), found["url"], data, process)
        time.sleep(0.02)
    stop(process)
    raise RuntimeError(f"the API server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def stop(process: subprocess.Popen[bytes], *, sig: int = signal.SIGTERM, timeout: float = 10.0) -> int:
    """Stop a server (SIGKILL when it does not go within `timeout` seconds); its exit code."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextlib.contextmanager
def running_cluster(data: Path | None = None, arguments: Sequence[str] = ()) -> Iterator[RunningCluster]:
    """A cluster for the length of a `with` block; in a temporary folder unless `data` names one.

    In a test: `with running_cluster(tmp_path / "cluster") as cluster: KubeClient(cluster.kubeconfig)`.
    """
    with contextlib.ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="argolint-cluster-")))
        cluster = start(folder, *arguments)
        try:
            yield cluster
        finally:
            stop(cluster.process)


@contextlib.contextmanager
def embedded_cluster(data: Path | None = None) -> Iterator[Path]:
    """Like `running_cluster`, yielding the kubeconfig's path alone."""
    with running_cluster(data) as cluster:
        yield cluster.kubeconfig
