"""Whether writing a CronWorkflow starts a run at once, and when it fires next.

Upstream's cron controller looks for a missed tick at every update of a CronWorkflow, labels included (argo-workflows:
workflow/cron/operator.go, shouldOutstandingWorkflowsBeRun): a write inside `startingDeadlineSeconds` after a tick that did
not run makes it run now.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from argolint.analysis.cron import (
    ScheduleError,
    next_fires,
    parse_all,
    previous_fire,
    schedule_strings,
    will_run_now,
)
from reconciler.model import Obj
from reconciler.text import clean

FIRES = 3


class Prediction(NamedTuple):
    """`fires` are the next three times, and `fires_before` those of what is live (ISO 8601, UTC).

    `runs_now` with `certain` False: `when` or a stop strategy decides at that moment. `kills` names Workflows that would be
    replaced.
    """

    runs_now: bool
    reason: str
    certain: bool = True
    kills: tuple[str, ...] = ()
    fires: tuple[str, ...] = ()
    fires_before: tuple[str, ...] = ()


def predict(live: Obj | None, desired: Obj, now: datetime) -> Prediction:
    """What writing `desired` over `live` at `now` does. A schedule that does not parse never fires."""
    try:
        found = will_run_now(live, desired, now)
    except (ScheduleError, ValueError) as error:
        return Prediction(False, f"the schedule does not parse: {clean(str(error), limit=200)}")
    before = fires(live, now) if live is not None else ()
    return Prediction(
        found.runs, clean(found.reason), found.certain, found.replaces, fires(desired, now), before
    )


def fires(cron: Obj, now: datetime) -> tuple[str, ...]:
    """The next times, ISO 8601 in UTC; none for a suspended CronWorkflow or an unreadable schedule."""
    spec = cron.get("spec") or {}
    if spec.get("suspend") is True:
        return ()
    try:
        moments = next_fires(schedule_strings(spec), "", now, FIRES)
    except (ScheduleError, ValueError):
        return ()
    return tuple(m.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for m in moments)


def latest_due(cron: Obj, after: datetime, until: datetime) -> datetime | None:
    """The latest time in (after, until] that a schedule of the CronWorkflow names, or None."""
    try:
        schedules = parse_all(schedule_strings(cron.get("spec") or {}), "")
        due = [tick for s in schedules if (tick := previous_fire(s, until, after)) is not None]
    except (ScheduleError, ValueError):
        return None
    return max((tick.astimezone(UTC) for tick in due), default=None)
