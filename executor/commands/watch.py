"""Watch a Workflow until it has ended. Exit code 1 when it did not succeed."""

from __future__ import annotations

import argparse

from executor.commands import connect, wf

HELP = "watch a Workflow until it has ended"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun watch`."""
    parser.add_argument("name", metavar="WORKFLOW", help="its name; @latest is the newest")
    connect.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Draw the tree in place on a terminal; print what changes elsewhere."""
    client, namespace = connect.connect(args)
    with connect.api_errors("watch"):
        ended = wf.watch(
            client, namespace, args.name, terminal=connect.is_terminal(), color=connect.wants_color()
        )
    return wf.exit_code(ended)
