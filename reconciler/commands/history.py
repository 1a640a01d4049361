"""List what was applied, newest first: number, time, revision, and what was written."""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "list what was applied, newest first"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync history`."""
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print; 0."""
    from reconciler.render import dumps
    from reconciler.state import Store
    from reconciler.text import clean, markdown

    config = configuration(args)
    found = {
        t.name: list(reversed(Store(config.state, t.name).data.get("history") or [])) for t in config.targets
    }
    if args.output == "json":
        print(dumps({"version": 1, "targets": found}))
        return EXIT_OK
    if args.output == "markdown":
        print("| target | id | time | commit | subject | written | deleted |\n|---|---|---|---|---|---|---|")
    for name, entries in found.items():
        for entry in entries:
            cells = [name, str(entry["id"]), entry["at"][:19], entry["commit"][:12], entry.get("subject", "")]
            if args.output == "markdown":
                cells += [str(len(entry["writes"])), str(len(entry["pruned"]))]
                print(f"| {' | '.join(map(markdown, cells))} |")
                continue
            print(f"{'  '.join(map(clean, cells))}")
            for op, key, place in entry["writes"]:
                print(f"    {op} {clean(key)}  {clean(place)}")
            for key in entry["pruned"]:
                print(f"    delete {clean(key)}")
    return EXIT_OK
