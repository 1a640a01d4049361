"""Resume Workflows: lift a suspension, and let suspend nodes succeed."""

from __future__ import annotations

import argparse

from executor import engine
from executor.commands import verbs, wf

HELP = "resume suspended Workflows"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun resume`."""
    verbs.add_arguments(parser)
    parser.add_argument(
        "--node-field-selector", default="", metavar="SELECTOR", help="only these suspended nodes"
    )


def run(args: argparse.Namespace) -> int:
    """Clear `spec.suspend` and complete the nodes."""
    return verbs.each(
        args,
        "resume",
        lambda found: engine.resume(found, now=wf.now(), selector=args.node_field_selector),
        "resumed",
    )
