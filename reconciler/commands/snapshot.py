"""Export the interface of the cluster: names, schedules, inputs, outputs and references, no bodies and no values.

`argosync plan --snapshot FILE` then plans a pull request with no access to the cluster. Keep the file where the check can
read it, and renew it as often as the cluster changes.
"""

from __future__ import annotations

import argparse
import sys

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "export the interface of the cluster, for pull requests"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync snapshot`."""
    add_common(parser, output=False)
    parser.add_argument("--out", metavar="FILE", help="write it there (default: standard output)")


def run(args: argparse.Namespace) -> int:
    """Take it; 0."""
    from argolint.errors import UserError
    from reconciler.context import Context
    from reconciler.plan import utc_now
    from reconciler.render import dumps
    from reconciler.session import open_context
    from reconciler.snapshot import take
    from reconciler.state import write_json

    config = configuration(args)
    if len(config.targets) != 1:
        raise UserError(
            "a snapshot is of one target",
            f"name one with --target: {', '.join(t.name for t in config.targets)}",
        )
    context: Context = open_context(config, config.targets[0], looking=True)
    found = take(context.client, context.namespaces, context.namespace, utc_now())
    if args.out:
        from pathlib import Path

        write_json(Path(args.out), found)
        print(f"{args.out}: {len(found['objects'])} objects", file=sys.stderr)
    else:
        print(dumps(found))
    return EXIT_OK
