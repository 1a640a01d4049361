"""List the Workflows of a namespace, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from executor.commands import connect, wf
from executor.commands.arguments import seconds
from executor.render import ESCAPES, duration_text, parse_time, workflow_status_text

Obj = dict[str, Any]

HELP = "list the Workflows of a cluster"
PREFIX = "workflows.argoproj.io/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun list`: argo's."""
    connect.add_arguments(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="of every namespace")
    parser.add_argument(
        "--status",
        default="",
        metavar="PHASE,…",
        help="only these phases: Pending, Running, Succeeded, Failed, Error",
    )
    parser.add_argument("--completed", action="store_true", help="only those that have ended")
    parser.add_argument("--running", action="store_true", help="only those that have not ended")
    parser.add_argument("--prefix", default="", help="only names that begin with this")
    parser.add_argument("-l", "--selector", default="", metavar="SELECTOR", help="label selector")
    parser.add_argument("--since", metavar="DURATION", help="only what was created later: 1h, 2d")
    parser.add_argument("--older", metavar="DURATION", help="only what ended earlier: 1h, 2d")
    parser.add_argument("--no-headers", action="store_true", help="no column titles")
    parser.add_argument("-o", "--output", choices=["name", "wide", "json", "yaml"], default="")


def run(args: argparse.Namespace) -> int:
    """Print them as a table, or as `-o` says."""
    client, namespace = connect.connect(args)
    with connect.api_errors("list"):
        found = select(
            args,
            client.list(
                wf.WORKFLOW, "" if args.all_namespaces else namespace, label_selector=selector(args)
            ).items,
        )
    if args.output == "name":
        for item in found:
            print(item["metadata"]["name"])
    elif args.output in ("json", "yaml"):
        import json

        items = [wf.with_kind(item) for item in found]
        print(json.dumps(items, indent=4) if args.output == "json" else wf.to_yaml(items))
    elif not found:
        print("No workflows found")
    else:
        print_table(
            rows(found, wide=args.output == "wide", all_namespaces=args.all_namespaces), not args.no_headers
        )
    return 0


def selector(args: argparse.Namespace) -> str | None:
    """The label selector that the flags amount to."""
    parts = [args.selector] if args.selector else []
    if args.status:
        parts.append(f"{PREFIX}phase in ({args.status})")
    if args.completed:
        parts.append(f"{PREFIX}completed=true")
    if args.running:
        parts.append(f"{PREFIX}completed!=true")
    return ",".join(parts) or None


def select(args: argparse.Namespace, items: Sequence[Obj]) -> list[Obj]:
    """What of `items` the flags that no selector can express leave, newest first."""
    now = wf.now()
    out = [item for item in items if str(item["metadata"]["name"]).startswith(args.prefix)]
    if args.since:
        oldest = now - timedelta(seconds=seconds(args.since))
        out = [i for i in out if (parse_time(i["metadata"].get("creationTimestamp")) or now) >= oldest]
    if args.older:
        newest = now - timedelta(seconds=seconds(args.older))
        out = [i for i in out if (parse_time((i.get("status") or {}).get("finishedAt")) or now) < newest]
    return sorted(
        out, key=lambda i: (i["metadata"].get("creationTimestamp", ""), i["metadata"]["name"]), reverse=True
    )


def rows(items: Sequence[Obj], *, wide: bool, all_namespaces: bool) -> list[list[str]]:
    """The table, titles first."""
    now = wf.now()
    titles = ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
    if all_namespaces:
        titles.insert(0, "NAMESPACE")
    if wide:
        titles.append("PARAMETERS")
    out = [titles]
    for item in items:
        meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
        created, started = parse_time(meta.get("creationTimestamp")), parse_time(status.get("startedAt"))
        ended = parse_time(status.get("finishedAt")) or now
        row = [
            str(meta["name"]),
            workflow_status_text(item),
            duration_text((now - created).total_seconds()) if created else "",
            duration_text((ended - started).total_seconds()) if started else "0s",
            str(spec.get("priority", 0)),
            ESCAPES.sub(" ", str(status.get("message") or ""))[:80],
        ]
        if all_namespaces:
            row.insert(0, str(meta.get("namespace", "")))
        if wide:
            parameters = (spec.get("arguments") or {}).get("parameters") or []
            row.append(
                ",".join(f"{p.get('name')}={ESCAPES.sub(' ', str(p.get('value', '')))}" for p in parameters)
            )
        out.append(row)
    return out


def print_table(table: Sequence[Sequence[str]], titles: bool = True) -> None:
    """Columns, three blanks apart."""
    shown = table if titles else table[1:]
    widths = [max(len(row[index]) for row in shown) for index in range(len(table[0]))]
    for row in shown:
        print("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
