"""Accept today's findings, so that only new ones count: write, check or prune the baseline file.

examples:
  argolint baseline write .
  argolint baseline check
  argolint baseline prune
"""

from __future__ import annotations

import argparse

from argolint import baseline
from argolint.api import Report
from argolint.batch import collect, lint, open_store
from argolint.commands.settings import add_selection, settings_of
from argolint.errors import UserError
from argolint.runner import Plan

HELP = "accept today's findings, so that only new ones count"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint baseline`."""
    parser.add_argument(
        "action",
        choices=("write", "check", "prune"),
        help="write it anew; say what is stale; drop what is stale",
    )
    parser.add_argument("paths", nargs="*", default=[], metavar="PATH", help="what to lint (default: .)")
    parser.add_argument(
        "--baseline", metavar="FILE", help=f"the file (default: {baseline.DEFAULT}, or the configured one)"
    )
    add_selection(parser)


def run(args: argparse.Namespace) -> int:
    """Do it; `check` returns 1 when entries are stale."""
    paths = args.paths or ["."]
    settings, rules = settings_of(args, paths)
    path = settings.baseline or baseline.DEFAULT
    store = open_store(settings)
    inputs = collect(paths, settings, settings.root, store, tolerant=True)
    if not any(item.target for item in inputs):
        raise UserError(f"no manifests found in {', '.join(paths)}", "check the path")
    report = lint(inputs, Plan(rules, settings), settings, store=store)
    if args.action == "write":
        count = baseline.write(path, report)
        print(f"wrote {path} with {count} finding{'s' if count != 1 else ''}")
        return 0
    return _stale(path, report, prune=args.action == "prune")


def _stale(path: str, report: Report, prune: bool) -> int:
    entries = baseline.read(path)
    stale = baseline.stale_entries(entries, path, report)
    for entry in stale:
        print(f"{entry['file']}: {entry['code']}: {entry['message']}")
    if prune:
        kept = [entry for entry in entries.values() if entry not in stale]
        baseline.save(path, kept)
        print(f"dropped {len(stale)}, kept {len(kept)}")
        return 0
    print(f"{len(stale)} of {len(entries)} entries are stale")
    return int(bool(stale))
