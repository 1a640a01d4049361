"""Save the embedded cluster to a file while it runs, or restore it from one.

examples:
  argorun backup --out cluster.tar
  argorun backup --restore cluster.tar
"""

from __future__ import annotations

import argparse
from pathlib import Path

from argolint.clikit import EXIT_OK
from executor.commands.arguments import add_data

HELP = "save the embedded cluster to a file, or restore it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argorun backup`."""
    add_data(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--out", type=Path, metavar="FILE", help="save to this tar file; the cluster may run")
    what.add_argument("--restore", type=Path, metavar="FILE", help="unpack this file into a new DIR")


def run(args: argparse.Namespace) -> int:
    """Save or restore; 0 when it is done."""
    from executor.cluster import backup

    if args.restore is not None:
        backup.restore(args.restore, args.data)
        print(f"{args.data}: restored; start it with: argorun up --data {args.data}")
        return EXIT_OK
    saved = backup.save(args.data, args.out)
    print(f"{args.out}: {saved.objects} objects, up to resource version {saved.resource_version}")
    return EXIT_OK
