"""Missed runs, and whether a write to a CronWorkflow would start one at once.

Upstream: workflow/cron/operator.go (shouldOutstandingWorkflowsBeRun) and IsUsingNewSchedule. Every event of a
CronWorkflow leads to that check, a changed label included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from argolint.analysis.cron.fire import previous_fire
from argolint.analysis.cron.schedule import ScheduleError, parse

LAST_USED_SCHEDULE = "cronworkflows.argoproj.io/last-used-schedule"
COMPLETED = "cronworkflows.argoproj.io/completed"

Object = Mapping[str, Any]


class Prediction(NamedTuple):
    """What writing a CronWorkflow would start.

    runs             whether a run starts at once
    certain          False when `when` or `stopStrategy` decides at that moment
    scheduled_time   the missed fire time that would run, in UTC
    reason           one sentence, lower case, no full stop
    replaces         names of running Workflows that the run would terminate (concurrencyPolicy Replace)
    """

    runs: bool
    certain: bool
    scheduled_time: datetime | None
    reason: str
    replaces: tuple[str, ...] = ()


def schedule_strings(spec: Object) -> list[str]:
    """The schedules as the controller registers them, with `CRON_TZ=` when `timezone` is set.

    `schedule`, which Argo 4.0 removed, counts where `schedules` is empty.
    """
    raw = spec.get("schedules")
    schedules = list(raw) if isinstance(raw, Sequence) and not isinstance(raw, str) else []
    if not schedules and spec.get("schedule"):
        schedules = [spec["schedule"]]
    zone = spec.get("timezone") or ""
    prefix = f"CRON_TZ={zone} " if zone else ""
    return [prefix + str(schedule) for schedule in schedules]


def last_used_schedule(spec: Object) -> str:
    """The value of the annotation that the controller leaves when it runs this spec."""
    return ",".join(schedule_strings(spec))


def missed_run(cron_object: Object, now: datetime) -> datetime | None:
    """The missed fire time (UTC) that the controller would catch up on at `now`, or None.

    Only what decides whether a run is outstanding: `suspend`, `when` and the concurrency policy come afterwards.
    `now` is aware; schedules without a time zone are read in its zone. ScheduleError when a schedule does not parse.
    """
    return _missed(cron_object, now)[0]


def will_run_now(live: Object | None, desired: Object, now: datetime) -> Prediction:
    """Whether writing `desired` over `live` (None: it does not exist) would start a run at once.

    The write is taken as a merge: status, and annotations and labels that `desired` does not set, stay as they are.
    ScheduleError when a schedule of `desired` does not parse.
    """
    if live is None:
        return Prediction(False, True, None, "a new CronWorkflow has no missed run to catch up on")
    merged = {
        "metadata": {
            "labels": _merged(live, desired, "labels"),
            "annotations": _merged(live, desired, "annotations"),
        },
        "spec": desired.get("spec") or {},
        "status": live.get("status") or {},
    }
    if merged["metadata"]["labels"].get(COMPLETED) == "true":
        return Prediction(False, True, None, "its stop strategy has completed it")
    tick, reason = _missed(merged, now)
    if tick is None:
        return Prediction(False, True, None, reason)
    return _policy(merged, tick, reason)


def _policy(cron: Object, tick: datetime, reason: str) -> Prediction:
    """What the run policy makes of an outstanding run."""
    spec, status = cron["spec"], cron["status"]
    if spec.get("suspend"):
        return Prediction(False, True, tick, "a run is outstanding, but the CronWorkflow is suspended")
    if status.get("phase") == "Stopped":
        return Prediction(False, True, tick, "a run is outstanding, but the CronWorkflow has stopped")
    active = tuple(str(ref.get("name", "")) for ref in status.get("active") or () if isinstance(ref, Mapping))
    policy = spec.get("concurrencyPolicy") or "Allow"
    if policy == "Forbid" and active:
        why = f"a run is outstanding, but {active[0]} is running and the policy is Forbid"
        return Prediction(False, True, tick, why)
    replaces = active if policy == "Replace" else ()
    if spec.get("when"):
        return Prediction(True, False, tick, f"{reason}, unless `when` says no", replaces)
    stop = spec.get("stopStrategy")
    if isinstance(stop, Mapping) and stop.get("expression"):
        return Prediction(True, False, tick, f"{reason}, unless the stop strategy says no", replaces)
    return Prediction(True, True, tick, reason, replaces)


def _missed(cron: Object, now: datetime) -> tuple[datetime | None, str]:
    """The outstanding fire time, and in words why there is one or none."""
    spec = cron.get("spec") or {}
    schedules = [parse(text) for text in schedule_strings(spec)]
    used = _mapping(cron, "metadata", "annotations").get(LAST_USED_SCHEDULE)
    if used is None:
        return None, "it has never run"
    if used != last_used_schedule(spec):
        return None, "its schedule is new: missed runs of the old one are not caught up"
    last = _time((cron.get("status") or {}).get("lastScheduledTime"))
    if last is None:
        return None, "it has never run"
    deadline = spec.get("startingDeadlineSeconds")
    if deadline is None:
        return None, "it has no startingDeadlineSeconds: missed runs are not caught up"
    missed = False
    for schedule in schedules:
        tick = previous_fire(schedule, now, last.astimezone(now.tzinfo))
        if tick is None:
            continue
        missed = True
        if now.astimezone(UTC) < tick.astimezone(UTC) + timedelta(seconds=int(deadline)):
            at = tick.astimezone(UTC)
            return at, f"the run of {at:%Y-%m-%dT%H:%M:%SZ} was missed less than {deadline} s ago"
    if missed:
        return None, f"the last missed run is more than {deadline} s ago"
    return None, "no run was missed"


def _merged(live: Object, desired: Object, field: str) -> dict[str, Any]:
    return {**_mapping(live, "metadata", field), **_mapping(desired, "metadata", field)}


def _mapping(obj: Object, *path: str) -> Mapping[str, Any]:
    current: Any = obj
    for part in path:
        current = current.get(part) if isinstance(current, Mapping) else None
    return current if isinstance(current, Mapping) else {}


def _time(text: Any) -> datetime | None:
    """A Kubernetes time, or None for none or for one that is not readable."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


__all__ = [
    "COMPLETED",
    "LAST_USED_SCHEDULE",
    "Prediction",
    "ScheduleError",
    "last_used_schedule",
    "missed_run",
    "schedule_strings",
    "will_run_now",
]
