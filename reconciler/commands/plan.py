"""Say what a synchronisation would change, what uses it, and when it would run; change nothing.

Exit code 0: no change; 2: changes; 1: an error, or the revision would be refused.
"""

from __future__ import annotations

import argparse

from reconciler.commands.options import add_common, add_preview, configuration, print_outcomes

HELP = "say what a synchronisation would change, and change nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync plan`."""
    add_common(parser)
    add_preview(parser)


def run(args: argparse.Namespace) -> int:
    """Plan; 0, 1 or 2."""
    from argolint.errors import UserError
    from reconciler.cycle import preview
    from reconciler.session import open_context, secrets_of

    try:
        config = configuration(args)
    except UserError as error:
        error.exit_code = 1
        raise
    outcomes = []
    for target in config.targets:
        try:
            outcomes.append(preview(open_context(config, target, looking=True)))
        except UserError as error:
            # 2 means "changes" here, so whatever is wrong must be 1.
            error.exit_code = 1
            raise
    print_outcomes(outcomes, args.output, secrets_of(config))
    if not all(outcome.ok for outcome in outcomes):
        return 1
    return 2 if any(outcome.plan is not None and outcome.plan.changes for outcome in outcomes) else 0
