"""What a container writes: copied into its log, and its standard output kept as a result."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from executor.runtimes.logpump import LogPump


def pump_of(folder: Path, *, result: bool = True) -> LogPump:
    return LogPump(
        folder / "log",
        limit=1 << 20,
        mask=None,
        result=folder / "stdout" if result else None,
        result_limit=1024,
    )


def test_both_streams_reach_the_log_and_stdout_the_result(tmp_path: Path) -> None:
    pump = pump_of(tmp_path)
    pump.start()
    os.write(pump.stdout, b"out\n")
    os.write(pump.stderr, b"err\n")
    pump.close_writers()
    pump.join()
    assert sorted((tmp_path / "log").read_bytes().split()) == [b"err", b"out"]
    assert (tmp_path / "stdout").read_bytes() == b"out\n"


def test_a_container_that_ends_before_the_copying_begins_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pump = pump_of(tmp_path)
    os.write(pump.stdout, b"the result\n")
    pump.close_writers()
    # The thread of the other stream ends before the one of stdout is started.
    started = threading.Thread.start

    def one_after_the_other(thread: threading.Thread) -> None:
        started(thread)
        thread.join()

    monkeypatch.setattr(threading.Thread, "start", one_after_the_other)
    pump.start()
    pump.join()
    assert (tmp_path / "stdout").read_bytes() == b"the result\n"
    assert (tmp_path / "log").read_bytes() == b"the result\n"


def test_without_a_result_one_pipe_takes_both_streams_in_order(tmp_path: Path) -> None:
    pump = pump_of(tmp_path, result=False)
    assert pump.stdout == pump.stderr
    pump.start()
    os.write(pump.stderr, b"1\n")
    os.write(pump.stdout, b"2\n")
    pump.close_writers()
    pump.join()
    assert (tmp_path / "log").read_bytes() == b"1\n2\n"
