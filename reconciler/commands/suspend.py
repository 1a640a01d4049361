"""Leave a target alone for a while: nothing is fetched, applied or deleted until `argosync resume`, or until the time is over.

CronWorkflows keep running; to suspend one of those, use `argo cron suspend`, which argosync respects.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, add_reason, configuration, until

HELP = "leave a target alone for a while"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync suspend`."""
    add_common(parser, output=False)
    add_reason(parser, "resume", "status")


def run(args: argparse.Namespace) -> int:
    """Suspend; 0."""
    from datetime import UTC, datetime

    from reconciler.requests import ask, author
    from reconciler.state import Store

    config = configuration(args)
    now = datetime.now(UTC)
    why = {
        "reason": args.reason,
        "by": author(),
        "since": now.isoformat(),
        "until": until(args.duration, now),
    }
    for target in config.targets:
        ask(Store(config.state, target.name), "suspended", why)
        print(f"{target.name}: suspended{' until ' + why['until'] if why['until'] else ''}")
    return EXIT_OK
