"""List what argosync knows, as a table: targets, objects, crons, holds or history. The cluster is asked for crons alone."""

from __future__ import annotations

import argparse
from typing import Any

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "list targets, objects, CronWorkflows, holds or history as a table"
Rows = list[list[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync get`."""
    parser.add_argument("what", nargs="?", default="targets", choices=tuple(_TABLES))
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    """Print; 0."""
    from reconciler.render import dumps
    from reconciler.text import clean, markdown

    config = configuration(args)
    head, look = _TABLES[args.what]
    rows = [row for target in config.targets for row in look(config, target)]
    if args.output == "json":
        print(dumps({"version": 1, args.what: [dict(zip(head, row, strict=True)) for row in rows]}))
        return EXIT_OK
    if args.output == "markdown":
        print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
        for row in rows:
            print(f"| {' | '.join(map(markdown, row))} |")
        return EXIT_OK
    table = [[h.upper() for h in head], *([clean(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return EXIT_OK


def _store(config: Any, target: Any) -> Any:
    from reconciler.state import Store

    return Store(config.state, target.name)


def _targets(config: Any, target: Any) -> Rows:
    from reconciler.requests import with_pending

    data = with_pending(_store(config, target))
    attempted, applied = data.get("attempted") or {}, data.get("applied") or {}
    held = len(data.get("holds") or {}) + len(data.get("held") or [])
    ready = "suspended" if data.get("suspended") else "yes" if attempted.get("ok") else "no"
    return [
        [
            target.name,
            str(attempted.get("commit", ""))[:12] or "-",
            str(applied.get("commit", ""))[:12] or "-",
            ready,
            str(held),
            str(applied.get("at", ""))[:19] or "never",
            f"{attempted.get('reason', 'NeverRun')} {attempted.get('message', '')}".strip(),
        ]
    ]


def _objects(config: Any, target: Any) -> Rows:
    inventory = _store(config, target).inventory
    return [[target.name, str(k), f"{r.path}:{r.line}", r.uid] for k, r in sorted(inventory.items())]


def _crons(config: Any, target: Any) -> Rows:
    from reconciler.cluster import observe, owned
    from reconciler.plan import utc_now
    from reconciler.predict import fires
    from reconciler.session import open_context

    context = open_context(config, target, looking=True)
    live = observe(context.client, context.namespaces)
    rows = []
    for key, obj in sorted(live.objects.items()):
        if key.kind == "CronWorkflow" and owned(obj, target.name):
            spec, status = obj.get("spec") or {}, obj.get("status") or {}
            schedules = spec.get("schedules") or [spec.get("schedule", "")]
            rows.append(
                [
                    target.name,
                    f"{key.namespace}/{key.name}",
                    ", ".join(map(str, schedules)),
                    "yes" if spec.get("suspend") is True else "no",
                    str(status.get("lastScheduledTime") or "-"),
                    next(iter(fires(obj, utc_now())), "-"),
                ]
            )
    return rows


def _holds(config: Any, target: Any) -> Rows:
    from reconciler.requests import with_pending

    found = with_pending(_store(config, target)).get("holds") or {}
    return [
        [
            target.name,
            name,
            ", ".join(f"{p}={v}" for p, v in hold["fields"].items()) or "everything",
            hold["by"],
            hold["until"][:16] or "released",
            hold["reason"],
        ]
        for name, hold in sorted(found.items())
    ]


def _history(config: Any, target: Any) -> Rows:
    return [
        [
            target.name,
            str(e["id"]),
            e["at"][:19],
            e["commit"][:12],
            str(len(e["writes"])),
            str(len(e["pruned"])),
            e.get("subject", ""),
        ]
        for e in reversed(_store(config, target).data.get("history") or [])
    ]


_TABLES: dict[str, tuple[tuple[str, ...], Any]] = {
    "targets": (("target", "desired", "applied", "ready", "held", "since", "message"), _targets),
    "objects": (("target", "object", "file", "uid"), _objects),
    "crons": (("target", "cron", "schedule", "suspended", "last", "next"), _crons),
    "holds": (("target", "object", "field", "by", "until", "reason"), _holds),
    "history": (("target", "id", "at", "commit", "written", "deleted", "subject"), _history),
}
