"""Run Workflows again from the nodes that failed.

examples:
  argorun retry release-7xk2p --watch
"""

from __future__ import annotations

import argparse

from argolint.kube import ApiError
from executor import engine
from executor.commands import connect, submit, verbs, wf
from executor.controller.persist import dehydrate

HELP = "run Workflows again from the nodes that failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun retry`."""
    verbs.add_arguments(parser)
    submit.add_overrides(parser)
    parser.add_argument("--restart-successful", action="store_true", help="also nodes that succeeded")
    parser.add_argument("--node-field-selector", default="", metavar="SELECTOR", help="which of those")
    parser.add_argument("-w", "--wait", action="store_true", help="wait for the workflow to complete")
    parser.add_argument("--watch", action="store_true", help="watch the workflow until it completes")
    parser.add_argument("--log", action="store_true", help="print the logs until it completes")
    submit.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Delete the pods of the nodes that run again, then write the Workflow."""
    client, namespace = connect.connect(args)
    parameters = dict(submit.overrides(args))
    code = 0
    with connect.api_errors("retry"):
        for name in args.names:
            found = wf.find(client, namespace, name)
            again = engine.retry(
                found,
                now=wf.now(),
                restart_successful=args.restart_successful,
                selector=args.node_field_selector,
                parameters=parameters,
            )
            for pod in again.pods:
                try:
                    client.delete(wf.POD, pod, namespace)
                except ApiError as error:
                    if not error.not_found:
                        raise
            stored = wf.with_kind(client.replace(wf.WORKFLOW, dehydrate(again.workflow), namespace))
            if not (args.watch or args.log) or args.output:
                wf.print_workflow(stored, args.output)
            code = max(code, submit.follow_up(client, namespace, str(stored["metadata"]["name"]), args))
    return code
