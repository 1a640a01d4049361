"""End a suspension. The next round catches up with Git."""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "end a suspension"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync resume`."""
    add_common(parser, output=False)


def run(args: argparse.Namespace) -> int:
    """Resume; 0."""
    from reconciler.requests import ask
    from reconciler.state import Store

    config = configuration(args)
    for target in config.targets:
        ask(Store(config.state, target.name), "suspended", None)
        print(f"{target.name}: resumed")
    return EXIT_OK
