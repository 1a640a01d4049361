"""Stop Workflows: what runs is ended, exit handlers still run. With a selector, fail suspended nodes instead."""

from __future__ import annotations

import argparse

from executor import engine
from executor.commands import connect, verbs, wf

HELP = "stop Workflows; their exit handlers run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun stop`."""
    verbs.add_arguments(parser)
    parser.add_argument(
        "--node-field-selector", default="", metavar="SELECTOR", help="fail these suspended nodes"
    )
    parser.add_argument("--message", default="", help="message of the nodes that are failed")


def run(args: argparse.Namespace) -> int:
    """Set `spec.shutdown`, or fail the nodes."""
    if args.node_field_selector:
        return verbs.each(
            args,
            "stop",
            lambda found: engine.stop(
                found, now=wf.now(), selector=args.node_field_selector, message=args.message
            ),
            "stopped",
        )
    return shut_down(args, "stop", "Stop", "stopped")


def shut_down(args: argparse.Namespace, verb: str, strategy: str, done: str) -> int:
    """Merge-patch `spec.shutdown` of every named Workflow."""
    client, namespace = connect.connect(args)
    with connect.api_errors(verb):
        for name in args.names:
            found = wf.find(client, namespace, name)
            # The engine's operation refuses what has ended, with its reason.
            engine.terminate(found) if strategy == "Terminate" else engine.stop(found, now=wf.now())
            name = str(found["metadata"]["name"])
            client.patch(wf.WORKFLOW, name, {"spec": {"shutdown": strategy}}, namespace)
            print(f"workflow {name} {done}")
    return 0
