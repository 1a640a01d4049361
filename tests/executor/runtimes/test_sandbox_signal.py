"""A signal that comes right after the start of a sandbox still reaches its program."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from executor.runtimes.base import ContainerSpec
from executor.runtimes.images import image_map
from executor.runtimes.probe import probe_sandbox
from executor.runtimes.sandbox import SandboxRuntime

pytestmark = pytest.mark.sandbox


def test_a_signal_right_after_the_start_is_not_lost(tmp_path: Path) -> None:
    bwrap, overlay, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
    runtime = SandboxRuntime(bwrap, overlay=overlay)
    profile = image_map(None).lookup("alpine:3.20")
    null = os.open(os.devnull, os.O_RDWR)
    try:
        for number in range(5):
            root = tmp_path / str(number) / "root"
            root.mkdir(parents=True)
            env = {"PATH": "/usr/bin:/bin"}
            spec = ContainerSpec(
                "main", "alpine:3.20", ("sleep", "60"), env, root, null, null, profile=profile
            )
            handle = runtime.start(spec)
            handle.signal(signal.SIGTERM)
            ended = handle.wait(15)
            assert ended is not None, "the signal was lost"
            assert ended.code == 143
            handle.close()
    finally:
        os.close(null)
