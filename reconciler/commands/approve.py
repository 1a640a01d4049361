"""Approve the deletions that a guard holds, by the hash that `once`, `run`, `plan` or `status` printed.

The hash is that of exactly these deletions: when another commit changes what would be deleted, it approves nothing. The next
round carries them out; `argosync run` may be running meanwhile.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "approve deletions that a guard holds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync approve`."""
    add_common(parser, output=False)
    parser.add_argument("hash", metavar="HASH", help="the hash that was printed beside the guard's reason")


def run(args: argparse.Namespace) -> int:
    """Leave the approval; 0."""
    from argolint.errors import UserError
    from reconciler.requests import ask
    from reconciler.state import Store

    config = configuration(args)
    waiting = {}
    for target in config.targets:
        store = Store(config.state, target.name)
        if args.hash in str((store.data.get("attempted") or {}).get("remedy", "")).replace(",", "").split():
            waiting[target.name] = store
    if not waiting:
        raise UserError(f"no guard waits for {args.hash}", "see `argosync status`", exit_code=1)
    for name, store in waiting.items():
        ask(store, "approve", args.hash)
        print(f"{name}: approved; the next synchronisation deletes")
    return EXIT_OK
