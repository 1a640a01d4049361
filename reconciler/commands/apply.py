"""Carry out a plan that `argosync plan --out FILE` saved, and nothing else.

Refused when the revision, the configuration or an object that the plan rests on has moved since. Exit code 0 when it was
carried out, 1 when it was refused or failed.
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

HELP = "carry out a saved plan, unless something has moved since"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync apply`."""
    add_common(parser)
    parser.add_argument("plan", metavar="PLAN", help="the file that `argosync plan --out` wrote")
    parser.add_argument(
        "--approve", metavar="HASH", default="", help="approve the deletions that a guard holds"
    )


def run(args: argparse.Namespace) -> int:
    """Apply; 0 or 1."""
    from argolint.errors import UserError
    from reconciler.artifact import read
    from reconciler.context import Outcome
    from reconciler.events import logger
    from reconciler.session import open_context, secrets_of, writing

    config = configuration(args)
    _, saved = read(args.plan)
    targets = {t.name: t for t in config.targets}
    unknown = [s.target for s in saved if s.target not in targets]
    if unknown:
        raise UserError(
            f"{args.plan}: there is no target {unknown[0]} in the configuration",
            "use the configuration that the plan was made with",
        )
    secrets = secrets_of(config)
    outcomes: list[Outcome] = []
    for one in saved:
        target = targets[one.target]
        log = logger(target.name, secrets=lambda: secrets)
        with writing(open_context(config, target, log)) as context:
            context.saved, context.approve = one, args.approve
            outcomes.append(synchronise_unless_suspended(context, ok=False))
    print_outcomes(outcomes, args.output, secrets)
    return EXIT_OK if all(outcome.ok for outcome in outcomes) else 1
