"""Delete Workflows."""

from __future__ import annotations

import argparse

from argolint.errors import UserError
from argolint.kube import ApiError
from executor.commands import connect, wf
from executor.commands.list import select, selector

HELP = "delete Workflows"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun delete`: argo's."""
    parser.add_argument("names", nargs="*", metavar="WORKFLOW", help="their names; @latest is the newest")
    connect.add_arguments(parser)
    parser.add_argument("--all", action="store_true", help="all of the namespace")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of every namespace")
    parser.add_argument("--completed", action="store_true", help="those that have ended")
    parser.add_argument("--status", default="", metavar="PHASE,…", help="those in these phases")
    parser.add_argument("--older", metavar="DURATION", help="those that ended earlier: 10m, 3h, 1d")
    parser.add_argument("--prefix", default="", help="those whose names begin with this")
    parser.add_argument("-l", "--selector", default="", metavar="SELECTOR", help="label selector")
    parser.add_argument("--force", action="store_true", help="remove finalizers first")
    parser.add_argument("--dry-run", action="store_true", help="say what would be deleted")


def run(args: argparse.Namespace) -> int:
    """Delete each and say so."""
    args.running, args.since = False, None
    by_flag = any((args.all, args.completed, args.status, args.older, args.prefix, args.selector))
    if bool(args.names) == by_flag:
        raise UserError(
            "name the workflows to delete, or choose them by a flag", "for example --completed or --all"
        )
    client, namespace = connect.connect(args)
    with connect.api_errors("delete"):
        if by_flag:
            scope = "" if args.all_namespaces else namespace
            found = select(args, client.list(wf.WORKFLOW, scope, label_selector=selector(args)).items)
        else:
            found = [wf.find(client, namespace, name) for name in args.names]
        for item in found:
            name, where = str(item["metadata"]["name"]), str(item["metadata"].get("namespace") or namespace)
            if not args.dry_run:
                _delete(client, where, name, force=args.force)
            print(f"Workflow '{name}' deleted" + (" (dry-run)" if args.dry_run else ""))
        if not found:
            print("No workflows found")
    return 0


def _delete(client, namespace: str, name: str, *, force: bool) -> None:  # type: ignore[no-untyped-def]
    try:
        if force:
            client.patch(wf.WORKFLOW, name, {"metadata": {"finalizers": None}}, namespace)
        client.delete(wf.WORKFLOW, name, namespace)
    except ApiError as error:
        if not error.not_found:
            raise
