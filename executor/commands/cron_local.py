"""When CronWorkflows of a tree run, without a cluster: `argorun cron next|simulate FILE|cron/NAME`.

`next` prints the next fire times. `simulate` replays a range of time: what starts, what the concurrency policy forbids or replaces, and where
clocks change. Runs take `--duration` each, since nothing is run.

examples:
  argorun cron next manifests/nightly.yaml
  argorun cron simulate cron/nightly
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError

HELP = "say when CronWorkflows run, without a cluster"
MAX_TICKS = 100_000


class Tick(NamedTuple):
    """One fire time and what becomes of it."""

    at: datetime
    schedule: str
    outcome: str
    note: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun cron next|simulate`."""
    parser.add_argument("action", choices=["next", "simulate"])
    parser.add_argument(
        "targets", nargs="+", metavar="FILE", help="manifests with CronWorkflows, or cron/NAME"
    )
    parser.add_argument("--count", type=int, default=5, metavar="N", help="how many fire times (next)")
    parser.add_argument("--from", dest="start", metavar="TIME", help="RFC 3339 (default: now)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="RFC 3339 (simulate; default: a week later)")
    parser.add_argument(
        "--duration", default="10m", metavar="DURATION", help="how long each run takes (simulate)"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    """Print the times. Raises UserError."""
    from executor.local.documents import name_of
    from executor.local.session import read_input
    from executor.runtimes.containers import seconds_of

    if args.count < 1:
        raise UserError("--count must be at least 1")
    start = _time(args.start, "--from") or datetime.now(UTC)
    end = _time(args.end, "--to") or start + timedelta(days=7)
    if end <= start:
        raise UserError("--to must be after --from")
    duration = seconds_of(args.duration)
    if duration <= 0:
        raise UserError(f"--duration {args.duration}: not a duration", "write 90s or 1h30m")
    crons = [
        m.object
        for m in read_input(args.targets, Path.cwd()).chosen
        if m.object.get("kind") == "CronWorkflow"
    ]
    if not crons:
        raise UserError("there is no CronWorkflow", "give its file, or cron/NAME")
    rows: list[dict[str, str]] = []
    for cron in crons:
        ticks = (
            upcoming(cron, start, args.count) if args.action == "next" else replay(cron, start, end, duration)
        )
        for tick in ticks:
            row = {
                "cron": name_of(cron), "time": tick.at.isoformat(), "utc": tick.at.astimezone(UTC).isoformat(),
                "schedule": tick.schedule, "outcome": tick.outcome, "note": tick.note,
            }  # fmt: skip
            rows.append(row)
            if args.output == "text":
                print(
                    "  ".join(
                        part for part in (row["cron"], row["time"], row["outcome"], row["note"]) if part
                    )
                )
    if args.output == "json":
        print(json.dumps(rows, indent=2))
    elif not rows:
        print("nothing runs in that time")
    return 0


def _time(text: str | None, flag: str) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise UserError(f"{flag} {text}: not an RFC 3339 time", "write 2026-03-29T00:59:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def fire_times(cron: Mapping[str, Any], start: datetime) -> Iterator[tuple[datetime, str]]:
    """(time in the schedule's zone, schedule) of every fire after `start`, in order, for ever. Raises UserError."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from executor.cron import decide
    from executor.cron.clockwork import local_zone, schedules_in

    clockwork = schedules_in(local_zone())
    texts = decide.schedule_texts(cron) or decide.schedule_texts(cron, rules_version="3.6")
    name = (cron.get("spec") or {}).get("timezone")
    try:
        zone = ZoneInfo(str(name)) if name else local_zone()
        upcoming = {text: clockwork.next(text, start) for text in texts}
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise UserError(f"{(cron.get('metadata') or {}).get('name')}: {error}", "lint the manifest") from None
    while known := [(tick, text) for text, tick in upcoming.items() if tick is not None]:
        tick, text = min(known)
        yield tick.astimezone(zone), text
        upcoming[text] = clockwork.next(text, tick)


def upcoming(cron: Mapping[str, Any], start: datetime, count: int) -> list[Tick]:
    """The next fire times."""
    import itertools

    note = "suspended" if (cron.get("spec") or {}).get("suspend") else ""
    return [Tick(at, text, "", note) for at, text in itertools.islice(fire_times(cron, start), count)]


def replay(cron: Mapping[str, Any], start: datetime, end: datetime, duration: float) -> Iterator[Tick]:
    """Every fire time of a range, with what the concurrency policy makes of it and where the clock has changed."""
    spec = cron.get("spec") or {}
    policy = str(spec.get("concurrencyPolicy") or "Allow")
    busy_until = start
    before: datetime | None = None
    for number, (at, text) in enumerate(fire_times(cron, start)):
        if at.astimezone(UTC) > end or number >= MAX_TICKS:
            return
        notes = []
        if before is not None and before.utcoffset() != at.utcoffset():
            notes.append(f"clocks changed from {_offset(before)} to {_offset(at)}")
        if at.fold:
            notes.append("this wall time comes twice today")
        if spec.get("when"):
            notes.append(f"only when {spec['when']}")
        outcome, moment = (
            "runs",
            at.astimezone(UTC),
        )  # wall times of one zone must not be compared with each other
        if spec.get("suspend"):
            outcome = "suspended"
        elif moment < busy_until and policy == "Forbid":
            outcome = "forbidden: the run before has not ended"
        else:
            if moment < busy_until and policy == "Replace":
                outcome = "runs, and replaces the run before"
            elif moment < busy_until:
                outcome = "runs beside the run before"
            busy_until = moment + timedelta(seconds=duration)
        yield Tick(at, text, outcome, "; ".join(notes))
        before = at


def _offset(moment: datetime) -> str:
    return moment.strftime("%z")
