"""Missed runs and the predictor, against a line-by-line port of the controller's loop."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argolint.analysis.cron import (
    LAST_USED_SCHEDULE,
    Prediction,
    last_used_schedule,
    missed_run,
    parse,
    schedule_strings,
    will_run_now,
)

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)


def cron(**spec: Any) -> dict[str, Any]:
    """A CronWorkflow that last ran at 10:00 and missed 11:00 and 12:00."""
    body: dict[str, Any] = {"schedules": ["0 * * * *"], "startingDeadlineSeconds": 60, **spec}
    return {
        "metadata": {"name": "c", "annotations": {LAST_USED_SCHEDULE: last_used_schedule(body)}},
        "spec": body,
        "status": {"lastScheduledTime": "2026-05-04T10:00:00Z"},
    }


def as_upstream(obj: dict[str, Any], now: datetime) -> datetime | None:
    """What shouldOutstandingWorkflowsBeRun does, one tick at a time."""
    used = obj["metadata"].get("annotations", {}).get(LAST_USED_SCHEDULE)
    if used is None or used != last_used_schedule(obj["spec"]):
        return None
    text = obj.get("status", {}).get("lastScheduledTime")
    if not text:
        return None
    for schedule in schedule_strings(obj["spec"]):
        parsed = parse(schedule)
        missed = None
        tick = parsed.next(datetime.fromisoformat(text))
        while tick is not None and tick < now:
            missed, tick = tick, parsed.next(tick)
        deadline = obj["spec"].get("startingDeadlineSeconds")
        if missed is not None and deadline is not None and now < missed + timedelta(seconds=deadline):
            return missed
    return None


def test_missed_runs_agree_with_the_controllers_loop() -> None:
    rng = random.Random(3)
    caught = 0
    for _ in range(300):
        obj = cron(
            schedules=rng.sample(["*/5 * * * *", "0 * * * *", "@every 7m", "17 3 * * *", "@daily"], 2),
            startingDeadlineSeconds=rng.choice([None, 0, 60, 3600, 90000]),
            timezone=rng.choice(["", "Europe/Berlin", "America/Havana"]),
        )
        last = NOW - timedelta(seconds=rng.randrange(3 * 86400))
        obj["status"]["lastScheduledTime"] = last.strftime("%Y-%m-%dT%H:%M:%SZ")
        expected = as_upstream(obj, NOW)
        caught += expected is not None
        assert missed_run(obj, NOW) == expected
    assert 50 < caught < 250


def test_the_annotation_joins_schedules_with_their_zone() -> None:
    spec = {"schedules": ["0 1 * * *", "@daily"], "timezone": "Asia/Tokyo"}
    assert last_used_schedule(spec) == "CRON_TZ=Asia/Tokyo 0 1 * * *,CRON_TZ=Asia/Tokyo @daily"
    assert last_used_schedule({"schedule": "0 1 * * *"}) == "0 1 * * *"


TICK = datetime(2026, 5, 4, 12, tzinfo=UTC)
MISSED = "the run of 2026-05-04T12:00:00Z was missed less than 60 s ago"


@pytest.mark.parametrize(
    ("live", "change", "expected"),
    [
        (cron(), {}, Prediction(True, True, TICK, MISSED)),
        (
            cron(),
            {"suspend": True},
            Prediction(False, True, TICK, "a run is outstanding, but the CronWorkflow is suspended"),
        ),
        (
            cron(),
            {"schedules": ["0 *  * * *"]},
            Prediction(
                False, True, None, "its schedule is new: missed runs of the old one are not caught up"
            ),
        ),
        (
            cron(),
            {"startingDeadlineSeconds": None},
            Prediction(False, True, None, "it has no startingDeadlineSeconds: missed runs are not caught up"),
        ),
        (
            cron(),
            {"startingDeadlineSeconds": 30},
            Prediction(False, True, None, "the last missed run is more than 30 s ago"),
        ),
        (
            cron(),
            {"when": "{{= cronworkflow.failed < 3 }}"},
            Prediction(True, False, TICK, f"{MISSED}, unless `when` says no"),
        ),
        (
            cron(),
            {"stopStrategy": {"expression": "cronworkflow.failed > 3"}},
            Prediction(True, False, TICK, f"{MISSED}, unless the stop strategy says no"),
        ),
    ],
)
def test_predictions(live: dict[str, Any], change: dict[str, Any], expected: Prediction) -> None:
    desired = copy.deepcopy({"metadata": {"name": "c"}, "spec": {**live["spec"], **change}})
    assert will_run_now(live, desired, NOW) == expected


def test_resuming_within_the_deadline_runs_at_once() -> None:
    live = cron(suspend=True)
    desired = {"metadata": {"name": "c"}, "spec": {**live["spec"], "suspend": False}}
    assert will_run_now(live, desired, NOW) == Prediction(True, True, TICK, MISSED)


def test_a_mere_label_change_after_a_forbidden_tick_runs_at_once_but_not_while_one_is_active() -> None:
    live = cron(concurrencyPolicy="Forbid")
    desired = {"metadata": {"name": "c", "labels": {"a": "b"}}, "spec": live["spec"]}
    assert will_run_now(live, desired, NOW).runs is True
    live["status"]["active"] = [{"name": "c-1"}]
    assert will_run_now(live, desired, NOW) == Prediction(
        False, True, TICK, "a run is outstanding, but c-1 is running and the policy is Forbid"
    )


def test_replace_names_the_runs_it_would_terminate() -> None:
    live = cron(concurrencyPolicy="Replace")
    live["status"]["active"] = [{"name": "c-1"}, {"name": "c-2"}]
    assert will_run_now(live, {"spec": live["spec"]}, NOW).replaces == ("c-1", "c-2")


def test_new_stopped_and_completed_ones_do_not_run() -> None:
    live = cron()
    assert will_run_now(None, live, NOW).reason == "a new CronWorkflow has no missed run to catch up on"
    never = cron()
    del never["metadata"]["annotations"]
    assert will_run_now(never, {"spec": never["spec"]}, NOW).reason == "it has never run"
    stopped = cron()
    stopped["status"]["phase"] = "Stopped"
    assert will_run_now(stopped, {"spec": stopped["spec"]}, NOW).runs is False
    completed = cron()
    completed["metadata"]["labels"] = {"cronworkflows.argoproj.io/completed": "true"}
    assert will_run_now(completed, {"spec": completed["spec"]}, NOW) == Prediction(
        False, True, None, "its stop strategy has completed it"
    )
