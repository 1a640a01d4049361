"""Look after the CronWorkflows of a cluster: `argorun cron list|get|suspend|resume|delete`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from argolint.errors import UserError
from argolint.kube import resource_for
from executor.commands import connect, wf
from executor.commands.list import print_table
from executor.commands.template import add_object_arguments
from executor.cron import decide
from executor.render import ESCAPES, duration_text, parse_time

Obj = dict[str, Any]

HELP = "list, show, suspend, resume or delete the CronWorkflows of a cluster"
CRON = resource_for("CronWorkflow")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun cron`."""
    add_object_arguments(parser, ["list", "get", "suspend", "resume", "delete"])


def run(args: argparse.Namespace) -> int:
    """Do it."""
    client, namespace = connect.connect(args)
    with connect.api_errors(f"cron {args.action}"):
        if args.action == "list":
            items = client.list(CRON, "" if args.all_namespaces else namespace).items
            if args.output == "name":
                print("\n".join(str(item["metadata"]["name"]) for item in items))
            else:
                print_table(table(items)) if items else print("No cron workflows found")
            return 0
        if not args.names:
            raise UserError(f"cron {args.action} needs a name")
        for name in args.names:
            if args.action == "delete":
                client.delete(CRON, name, namespace)
                print(f"CronWorkflow '{name}' deleted")
            elif args.action in ("suspend", "resume"):
                client.patch(CRON, name, {"spec": {"suspend": args.action == "suspend"}}, namespace)
                print(f"CronWorkflow '{name}' {args.action}{'ed' if args.action == 'suspend' else 'd'}")
            else:
                found = client.get(CRON, name, namespace)
                if args.output == "json":
                    print(json.dumps(found, indent=4))
                elif args.output == "yaml":
                    print(wf.to_yaml(found), end="")
                else:
                    print("\n".join(details(found)))
    return 0


def next_run(cron: Obj) -> str:
    """How long until the next run, or why there is none."""
    from executor.cron.clockwork import local_zone, schedules_in

    now = wf.now()
    if decide.is_stopped(cron):
        return "stopped"
    if (cron.get("spec") or {}).get("suspend") is True:
        return "suspended"
    schedules = schedules_in(local_zone())
    try:
        ticks = [schedules.next(text, now) for text in decide.schedule_texts(cron)]
    except ValueError:
        return "invalid"
    known = [tick for tick in ticks if tick is not None]
    return duration_text((min(known) - now).total_seconds()) if known else "N/A"


def table(items: list[Obj]) -> list[list[str]]:
    """One line a CronWorkflow, titles first."""
    now = wf.now()
    out = [["NAMESPACE", "NAME", "AGE", "LAST RUN", "NEXT RUN", "SCHEDULES", "TIMEZONE", "SUSPENDED"]]
    for cron in sorted(items, key=lambda c: (c["metadata"].get("namespace", ""), c["metadata"]["name"])):
        meta, spec, status = cron["metadata"], cron.get("spec") or {}, decide.status_of(cron)
        created, last = parse_time(meta.get("creationTimestamp")), parse_time(status.get("lastScheduledTime"))
        out.append(
            [
                str(meta.get("namespace", "")),
                str(meta["name"]),
                duration_text((now - created).total_seconds()) if created else "",
                duration_text((now - last).total_seconds()) if last else "N/A",
                next_run(cron),
                ",".join(spec.get("schedules") or ([spec["schedule"]] if spec.get("schedule") else [])),
                str(spec.get("timezone") or ""),
                str(bool(spec.get("suspend"))).lower(),
            ]
        )
    return out


def details(cron: Obj) -> list[str]:
    """The header that `argo cron get` prints."""
    meta, spec, status = cron["metadata"], cron.get("spec") or {}, decide.status_of(cron)
    rows: list[tuple[str, Any]] = [
        ("Name", meta["name"]),
        ("Namespace", meta.get("namespace", "")),
        ("Created", meta.get("creationTimestamp", "")),
        (
            "Schedules",
            ",".join(spec.get("schedules") or ([spec["schedule"]] if spec.get("schedule") else [])),
        ),
        ("Suspended", str(bool(spec.get("suspend"))).lower()),
    ]
    for label, field in (
        ("StartingDeadlineSeconds", "startingDeadlineSeconds"),
        ("ConcurrencyPolicy", "concurrencyPolicy"),
        ("Timezone", "timezone"),
    ):
        if spec.get(field) is not None:
            rows.append((label, spec[field]))
    if status.get("lastScheduledTime"):
        rows.append(("LastScheduledTime", status["lastScheduledTime"]))
    rows.append(("NextScheduledTime", next_run(cron)))
    if status.get("active"):
        rows.append(("Active Workflows", ", ".join(str(entry.get("name")) for entry in status["active"])))
    for field in ("succeeded", "failed", "phase"):
        if status.get(field) is not None:
            rows.append((field.capitalize(), status[field]))
    for condition in status.get("conditions") or []:
        rows.append((str(condition.get("type")), condition.get("message", "")))
    return [f"{label + ':':<29} {ESCAPES.sub(' ', str(value))}".rstrip() for label, value in rows]
