"""Suspend Workflows: nothing new starts, what runs goes on."""

from __future__ import annotations

import argparse

from executor import engine
from executor.commands import verbs

HELP = "suspend Workflows"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun suspend`."""
    verbs.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Set `spec.suspend`."""
    return verbs.each(args, "suspend", engine.suspend, "suspended")
