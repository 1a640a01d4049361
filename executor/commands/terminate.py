"""Terminate Workflows at once; exit handlers do not run."""

from __future__ import annotations

import argparse

from executor.commands import verbs
from executor.commands.stop import shut_down

HELP = "terminate Workflows at once; no exit handlers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun terminate`."""
    verbs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Set `spec.shutdown`."""
    return shut_down(args, "terminate", "Terminate", "terminated")
