"""Stop the embedded cluster. What it holds stays in its data directory, and `argorun up` goes on with it."""

from __future__ import annotations

import argparse
import os
import signal
import time

from argolint.errors import UserError
from executor.commands import clusterdir

HELP = "stop the embedded cluster"
TIMEOUT = 40.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun down`."""
    parser.add_argument(
        "--data", metavar="DIR", help="the cluster's data directory (default: .argolint/cluster)"
    )


def run(args: argparse.Namespace) -> int:
    """Stop the supervisor and wait until everything has ended. Nothing running is no error."""
    data = clusterdir.data_dir(args.data)
    state = clusterdir.read_state(data)
    if not clusterdir.is_locked(data) or not clusterdir.is_running(state):
        print(f"no cluster runs on {data}")
        return 0
    pid = state["pid"]
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if not clusterdir.is_running(state) and not clusterdir.is_locked(data):
            print(f"the cluster on {data} has stopped")
            return 0
        time.sleep(0.05)
    raise UserError(
        f"the cluster on {data} (pid {pid}) did not stop in {TIMEOUT:.0f} s",
        f"see {data / 'logs'}, or end it with `kill -9 {pid}`: nothing that was acknowledged is lost",
        exit_code=1,
    )
