"""End a hold; from the next round on Git counts again. Without OBJECT all holds of the target end."""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "end a hold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync release`."""
    add_common(parser, output=False)
    parser.add_argument(
        "object", nargs="?", default="", metavar="OBJECT", help="KIND/NAME or KIND/NAMESPACE/NAME"
    )


def run(args: argparse.Namespace) -> int:
    """Release; 0, or 1 when nothing is held."""
    from argolint.errors import UserError
    from reconciler.commands.hold import means
    from reconciler.requests import ask, with_pending
    from reconciler.state import Store

    config = configuration(args)
    ended = 0
    for target in config.targets:
        store = Store(config.state, target.name)
        current = with_pending(store).get("holds") or {}
        names = [name for name in current if not args.object or means(args.object, name)]
        if names:
            ask(store, "holds", {k: v for k, v in current.items() if k not in names} or None)
        for name in names:
            ended += 1
            print(f"{target.name}: {name}: released")
    if not ended:
        raise UserError(f"nothing is held: {args.object or 'no hold at all'}", "see `argosync get holds`", exit_code=1)  # fmt: skip
    return EXIT_OK
