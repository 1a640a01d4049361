"""Go back to an earlier revision, from the manifests that argosync kept: Git need not be reachable.

The target stays there until Git names another commit than the one that was left; what that commit says is then applied as
usual. `argosync rollback --cancel` goes forward again at once.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "go back to an earlier revision until Git moves on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync rollback`."""
    add_common(parser, output=False)
    parser.add_argument(
        "--to", metavar="ID", help="a number of `argosync history`, or a commit (default: the one before)"
    )
    parser.add_argument("--cancel", action="store_true", help="follow Git again")


def run(args: argparse.Namespace) -> int:
    """Ask for the rollback; the next round (`once`, or a running `run`) carries it out. 0."""
    from argolint.errors import UserError
    from reconciler.requests import ask, author
    from reconciler.state import Store

    config = configuration(args)
    if len(config.targets) != 1:
        raise UserError(
            "which target?", f"name one with --target: {', '.join(t.name for t in config.targets)}"
        )
    name = config.targets[0].name
    store = Store(config.state, name)
    if args.cancel:
        ask(store, "pin", None)
        print(f"{name}: follows Git again")
        return EXIT_OK
    history = store.data.get("history") or []
    current = (store.data.get("applied") or {}).get("commit", "")
    earlier = [entry for entry in history if entry["commit"] != current]
    if args.to:
        wanted = [
            e
            for e in history
            if str(e["id"]) == args.to or (len(args.to) >= 7 and e["commit"].startswith(args.to))
        ]
    else:
        wanted = earlier[-1:]
    if not wanted:
        raise UserError(
            f"{name}: there is no such revision to go back to", "see `argosync history`", exit_code=1
        )
    commit = wanted[-1]["commit"]
    if store.revision(commit) is None:
        raise UserError(
            f"{name}: the manifests of {commit[:12]} are not kept any more",
            "revert the commit in Git",
            exit_code=1,
        )
    if commit == current:
        raise UserError(
            f"{name}: {commit[:12]} is what is applied now", "see `argosync history`", exit_code=1
        )
    away = (
        (store.data.get("pin") or {}).get("away_from")
        or (store.data.get("attempted") or {}).get("commit")
        or current
    )
    ask(store, "pin", {"commit": commit, "away_from": away, "by": author()})
    print(f"{name}: goes back to {commit[:12]} at the next synchronisation, until Git moves past {away[:12]}")
    return EXIT_OK
