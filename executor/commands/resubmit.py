"""Run Workflows again from the start, as new ones."""

from __future__ import annotations

import argparse
import secrets
import string

from executor import engine
from executor.commands import connect, submit, verbs, wf

LETTERS = string.ascii_lowercase + string.digits
HELP = "run Workflows again from the start, as new ones"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun resubmit`."""
    verbs.add_arguments(parser)
    submit.add_overrides(parser)
    parser.add_argument(
        "--memoized", action="store_true", help="keep the outputs of the steps that succeeded"
    )
    parser.add_argument("-w", "--wait", action="store_true", help="wait for the workflow to complete")
    parser.add_argument("--watch", action="store_true", help="watch the workflow until it completes")
    parser.add_argument("--log", action="store_true", help="print the logs until it completes")
    submit.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Create the new Workflows."""
    client, namespace = connect.connect(args)
    parameters = dict(submit.overrides(args))
    code = 0
    with connect.api_errors("resubmit"):
        for name in args.names:
            fresh = engine.resubmit(
                wf.find(client, namespace, name),
                parameters=parameters,
                memoized=args.memoized,
                suffix="".join(secrets.choice(LETTERS) for _ in range(5)),
            )
            stored = wf.with_kind(client.create(wf.WORKFLOW, fresh, namespace))
            if not (args.watch or args.log) or args.output:
                wf.print_workflow(stored, args.output)
            code = max(code, submit.follow_up(client, namespace, str(stored["metadata"]["name"]), args))
    return code
