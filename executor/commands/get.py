"""Show Workflows of a cluster as trees.

examples:
  argorun get @latest
"""

from __future__ import annotations

import argparse

from executor.commands import connect, wf

HELP = "show a Workflow of a cluster as a tree"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun get`: argo's."""
    parser.add_argument("names", nargs="+", metavar="NAME", help="workflow names; @latest is the newest")
    connect.add_arguments(parser)
    parser.add_argument("-o", "--output", choices=["name", "json", "yaml", "short", "wide"], default="")
    parser.add_argument("--no-color", action="store_true", help="no colors")


def run(args: argparse.Namespace) -> int:
    """Print each."""
    client, namespace = connect.connect(args)
    with connect.api_errors("get"):
        for name in args.names:
            found = wf.find(client, namespace, name)
            wf.print_workflow(found, args.output, color=not args.no_color and connect.wants_color())
    return 0
