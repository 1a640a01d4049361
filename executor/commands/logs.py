"""Print the logs of a Workflow's pods.

examples:
  argorun logs @latest --follow
  argorun logs release-7xk2p --since 5m --grep error
"""

from __future__ import annotations

import argparse
import math

from argolint.errors import UserError
from executor.commands import connect, wf
from executor.commands.arguments import add_log_flags, intermixed, pattern, seconds
from executor.commands.logstream import LogOptions, list_pods, print_line, read_logs
from executor.commands.submit import print_logs_until_done
from executor.local.prepare import moment_of

HELP = "print the logs of a Workflow's pods"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun logs`: argo's."""
    intermixed(parser)
    parser.add_argument("name", metavar="WORKFLOW", help="its name; @latest is the newest")
    parser.add_argument("pod", nargs="?", default="", metavar="POD", help="only this pod")
    connect.add_arguments(parser)
    parser.add_argument("-c", "--container", default="main", metavar="NAME", help="container (default: main)")
    parser.add_argument(
        "-l", "--selector", default="", metavar="SELECTOR", help="only pods with these labels"
    )
    add_log_flags(parser, "workflow", "pod", "time, pod, line")


def run(args: argparse.Namespace) -> int:
    """Print what there is, or follow."""
    pattern(args.grep)
    options = LogOptions(
        pod=args.pod,
        container=args.container,
        selector=args.selector,
        tail=args.tail,
        since_seconds=_since(args),
        timestamps=args.timestamps,
        grep=args.grep,
        color=not args.no_color and connect.wants_color(),
        json=args.json,
        prefix=args.prefix,
    )
    client, namespace = connect.connect(args)
    with connect.api_errors("logs"):
        found = wf.find(client, namespace, args.name)
        name = str(found["metadata"]["name"])
        if args.follow and not wf.is_finished(found):
            print_logs_until_done(client, namespace, name, options)
            return 0
        pods = list_pods(client, namespace, name, options)
        if not pods:
            what = f"pod {args.pod}" if args.pod else "no pod"
            raise UserError(
                f"workflow {name} has {what} to read logs from"
                if not args.pod
                else f"workflow {name} has no {what}",
                "its pods may have been deleted (podGC, ttlStrategy); archived logs are artifacts of the nodes",
                exit_code=1,
            )
        for line in read_logs(client, namespace, pods, options):
            print_line(line, options)
    return 0


def _since(args: argparse.Namespace) -> int | None:
    """How many seconds back to begin; None is from the start. Raises UserError."""
    ages = [seconds(args.since)] if args.since else []
    if args.since_time:
        moment = moment_of(args.since_time, "--since-time")
        ages.append(max(1, math.ceil((wf.now() - moment).total_seconds())))
    return min(ages) if ages else None
