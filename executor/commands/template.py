"""Look at the WorkflowTemplates of a cluster: `argorun template list|get|delete`."""

from __future__ import annotations

import argparse

from argolint.errors import UserError
from argolint.kube import resource_for
from executor.commands import connect, wf
from executor.commands.list import print_table
from executor.render import duration_text, parse_time

HELP = "list, show or delete the WorkflowTemplates of a cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun template`."""
    add_object_arguments(parser, ["list", "get", "delete"])
    parser.add_argument("--cluster", action="store_true", help="ClusterWorkflowTemplates instead")


def add_object_arguments(parser: argparse.ArgumentParser, actions: list[str]) -> None:
    """Action, names and how to reach the cluster."""
    parser.add_argument("action", choices=actions)
    parser.add_argument("names", nargs="*", metavar="NAME")
    connect.add_arguments(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of every namespace")
    parser.add_argument("-o", "--output", choices=["name", "json", "yaml"], default="")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    resource = resource_for("ClusterWorkflowTemplate" if args.cluster else "WorkflowTemplate")
    client, namespace = connect.connect(args)
    scope = "" if args.cluster else namespace
    with connect.api_errors(f"template {args.action}"):
        if args.action == "list":
            items = client.list(resource, "" if args.all_namespaces else scope).items
            now = wf.now()
            table = [["NAMESPACE", "NAME", "AGE"]]
            for item in sorted(
                items, key=lambda i: (i["metadata"].get("namespace", ""), i["metadata"]["name"])
            ):
                created = parse_time(item["metadata"].get("creationTimestamp"))
                age = duration_text((now - created).total_seconds()) if created else ""
                table.append([str(item["metadata"].get("namespace", "")), str(item["metadata"]["name"]), age])
            if args.output == "name":
                print("\n".join(row[1] for row in table[1:]))
            else:
                print_table(table) if items else print(f"No {resource.plural} found")
            return 0
        if not args.names:
            raise UserError(f"template {args.action} needs a name")
        for name in args.names:
            if args.action == "delete":
                client.delete(resource, name, scope)
                print(f"{resource.kind} '{name}' deleted")
            else:
                import json

                found = client.get(resource, name, scope)
                print(json.dumps(found, indent=4) if args.output == "json" else wf.to_yaml(found))
    return 0
