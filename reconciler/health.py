"""Whether what is in the cluster works: references that broke later, and CronWorkflows that do not tick.

Upstream's cron controller keeps the old schedule when an update is invalid, and stays silent when a template is missing, so
none of this can be read from conditions alone (argo-workflows: workflow/cron/controller.go, processNextCronItem).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from reconciler.cluster import Live, owned
from reconciler.model import MANAGER, Key, Obj
from reconciler.predict import latest_due
from reconciler.references import missing
from reconciler.state import Record
from reconciler.text import clean

GRACE = timedelta(seconds=90)


class Problem(NamedTuple):
    """Something that does not work although it is applied; `path` and `line` are where Git has the object."""

    reason: str
    object: str
    message: str
    path: str = ""
    line: int = 0


def examine(
    live: Live,
    inventory: Mapping[Key, Record],
    target: str,
    now: datetime,
    lines: Mapping[tuple[Key, str], int] | None = None,
) -> list[Problem]:
    """Problems of the target's objects as they are live, sorted by object.

    `lines` tells where a reference stands in the repository.
    """
    out: list[Problem] = []
    for key, obj in sorted(live.objects.items()):
        if not owned(obj, target):
            continue
        record = inventory.get(key)
        path, line = (record.path, record.line) if record else ("", 0)
        for ref, problem in missing(obj, live.objects.get):
            if ref.key.kind in live.hidden:
                continue
            spot = (lines or {}).get((key, ref.where), line)
            out.append(
                Problem("BrokenReference", str(key), f"{ref.where}: {clean(problem, limit=300)}", path, spot)
            )
        if key.kind == "CronWorkflow":
            out += [
                Problem(reason, str(key), message, path, line)
                for reason, message in cron_problems(obj, _as_it_is_since(obj, now), now)
            ]
    return out


def cron_problems(cron: Obj, since: datetime, now: datetime) -> Iterable[tuple[str, str]]:
    """(reason, message) for each thing that keeps a CronWorkflow from running as its schedule says."""
    status, spec = cron.get("status") or {}, cron.get("spec") or {}
    for condition in status.get("conditions") or []:
        if condition.get("status") == "True" and condition.get("type") in ("SpecError", "SubmissionError"):
            yield condition["type"], clean(str(condition.get("message", "")), limit=300)
    # Stopped by its own stop strategy, suspended, or busy under Forbid: it is silent by design.
    if spec.get("suspend") is True or status.get("phase") == "Stopped" or spec.get("when"):
        return
    if spec.get("concurrencyPolicy") == "Forbid" and status.get("active"):
        return
    last = _time(status.get("lastScheduledTime"))
    start = max(last, since) if last else since
    due = latest_due(cron, start, now - GRACE)
    if due is not None:
        seen = f"the last run was scheduled at {status['lastScheduledTime']}" if last else "it has never run"
        yield (
            "CronNotFiring",
            f"it should have run at {due:%Y-%m-%dT%H:%M:%SZ}, but {seen}; is the workflow controller running?",
        )


def _as_it_is_since(obj: Obj, now: datetime) -> datetime:
    """When we last changed the object: ticks of its schedule before that were not due."""
    meta = obj["metadata"]
    ours = [_time(e.get("time")) for e in meta.get("managedFields") or [] if e.get("manager") == MANAGER]
    return max((t for t in (*ours, _time(meta.get("creationTimestamp"))) if t is not None), default=now)


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
