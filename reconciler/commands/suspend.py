"""Leave a target alone for a while: nothing is fetched, applied or deleted until `argosync resume`, or until the time is over.

CronWorkflows keep running; to suspend one of those, use `argo cron suspend`, which argosync respects.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "leave a target alone for a while"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync suspend`."""
    add_common(parser, output=False)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; shown by status")
    parser.add_argument(
        "--for", dest="duration", metavar="D", help="how long (such as 4h); without it until `resume`"
    )


def run(args: argparse.Namespace) -> int:
    """Suspend; 0."""
    from datetime import UTC, datetime, timedelta

    from argolint.errors import UserError
    from reconciler.opsconfig import seconds
    from reconciler.requests import ask, author
    from reconciler.state import Store

    config = configuration(args)
    now = datetime.now(UTC)
    until = ""
    if args.duration:
        length = seconds(args.duration)
        if length <= 0:
            raise UserError(f"--for {args.duration!r} is not a duration", "write 30m or 4h")
        until = (now + timedelta(seconds=length)).isoformat()
    for target in config.targets:
        why = {"reason": args.reason, "by": author(), "since": now.isoformat(), "until": until}
        ask(Store(config.state, target.name), "suspended", why)
        print(f"{target.name}: suspended{' until ' + until if until else ''}")
    return EXIT_OK
