"""Set the outputs, phase or message of suspended nodes: `argorun node set WORKFLOW …`."""

from __future__ import annotations

import argparse

from argolint.errors import UserError
from executor import engine
from executor.commands import documents, verbs, wf

HELP = "set outputs, phase or message of suspended nodes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun node`."""
    parser.add_argument("action", choices=["set"])
    verbs.add_arguments(parser)
    parser.add_argument("--node-field-selector", default="", metavar="SELECTOR", help="which nodes")
    parser.add_argument("-p", "--output-parameter", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--phase", default="", help="Succeeded, Failed or Error")
    parser.add_argument("-m", "--message", default="", help="message of the nodes")


def run(args: argparse.Namespace) -> int:
    """Write the nodes."""
    if not args.node_field_selector:
        raise UserError("node set needs --node-field-selector", "for example displayName=approve")
    parameters = dict(documents.pairs(args.output_parameter, "--output-parameter"))
    return verbs.each(
        args,
        "node set",
        lambda found: engine.set_outputs(
            found,
            args.node_field_selector,
            now=wf.now(),
            parameters=parameters,
            phase=args.phase,
            message=args.message,
        ),
        "values set",
    )
