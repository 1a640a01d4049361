"""Wait until Workflows have ended. Exit code 1 when one did not succeed."""

from __future__ import annotations

import argparse

from argolint.errors import UserError
from executor.commands import connect, wf

HELP = "wait until Workflows have ended"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun wait`."""
    parser.add_argument("names", nargs="+", metavar="WORKFLOW", help="their names; @latest is the newest")
    connect.add_arguments(parser)
    parser.add_argument("--ignore-not-found", action="store_true", help="one that is not there is no error")


def run(args: argparse.Namespace) -> int:
    """Wait for each in turn."""
    client, namespace = connect.connect(args)
    code = 0
    with connect.api_errors("wait"):
        for name in args.names:
            try:
                *_, ended = wf.follow(client, namespace, name)
            except UserError:
                if args.ignore_not_found:
                    continue
                raise
            status = ended.get("status") or {}
            print(f"{ended['metadata']['name']} {status.get('phase')} at {status.get('finishedAt')}")
            code = max(code, wf.exit_code(ended))
    return code
