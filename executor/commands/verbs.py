"""What the small verbs have in common: read a Workflow, let the engine's pure operation change it, write it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient
from executor.commands import connect, wf
from executor.controller.persist import dehydrate

Obj = dict[str, Any]
TRIES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Names, and how to reach the cluster."""
    parser.add_argument("names", nargs="+", metavar="WORKFLOW", help="their names; @latest is the newest")
    connect.add_arguments(parser)


def update(client: KubeClient, namespace: str, name: str, change: Callable[[Obj], Obj]) -> Obj:
    """Read, change and write a Workflow, again when somebody else wrote in between; the stored object."""
    for attempt in range(TRIES):
        found = wf.find(client, namespace, name)
        try:
            return wf.with_kind(client.replace(wf.WORKFLOW, dehydrate(change(found)), namespace))
        except ApiError as error:
            if not error.conflict or attempt == TRIES - 1:
                raise
    raise UserError(f"workflow {name} changes too fast to be written", "try again", exit_code=1)


def each(args: argparse.Namespace, verb: str, change: Callable[[Obj], Obj], done: str) -> int:
    """Apply `change` to every named Workflow and say so."""
    client, namespace = connect.connect(args)
    with connect.api_errors(verb):
        for name in args.names:
            stored = update(client, namespace, name, change)
            print(f"workflow {stored['metadata']['name']} {done}")
    return 0
