"""Synchronise every target once: fetch, check, apply, and say what was done.

Exit code 0 when every target is in step, 1 when one failed or a revision was refused, 2 for a wrong configuration.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import (
    add_common,
    configuration,
    print_outcomes,
    synchronise_unless_suspended,
)

HELP = "synchronise once and exit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync once`."""
    add_common(parser)
    parser.add_argument(
        "--approve",
        metavar="HASH",
        default="",
        help="approve the deletions that a plan printed this hash for",
    )
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="form of the log on stderr"
    )
    parser.add_argument(
        "--override-freeze",
        metavar="REASON",
        default="",
        help="write although a freeze window is open; REASON is audited",
    )
    parser.add_argument("--quiet", "-q", action="store_true", help="no log on stderr")


def run(args: argparse.Namespace) -> int:
    """Synchronise; 0, or 1 when a target failed or was refused."""
    from reconciler.events import logger
    from reconciler.session import open_context, secrets_of, writing

    config = configuration(args)
    secrets = secrets_of(config)
    outcomes = []
    for target in config.targets:
        log = (
            (lambda *_, **__: None)
            if args.quiet
            else logger(target.name, args.log_format, secrets=lambda: secrets)
        )
        with writing(open_context(config, target, log)) as context:
            context.approve = args.approve
            context.override_freeze = args.override_freeze
            outcomes.append(synchronise_unless_suspended(context, ok=True))
    print_outcomes(outcomes, args.output, secrets)
    return EXIT_OK if all(outcome.ok for outcome in outcomes) else 1
