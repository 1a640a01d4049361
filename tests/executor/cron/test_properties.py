"""Cron decisions under random clocks: upstream's catch-up rule written out, and what must never happen."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argolint.analysis.cron import missed
from argolint.analysis.cron.schedule import parse
from executor.cron import decide
from executor.cron.clockwork import schedules_in
from executor.cron.conditions import CONDITIONS

Obj = dict[str, Any]
SCHEDULES = schedules_in(UTC)
SOME = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
TEXTS = ["* * * * *", "*/5 * * * *", "0 * * * *", "30 2 * * *", "15 1,2 * * 0", "@hourly", "0 0 29 2 *"]
ZONES = ["", "UTC", "America/Los_Angeles", "Europe/Paris", "Asia/Kolkata"]
# Around the changes of the clocks in spring and autumn.
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 8, 8, tzinfo=UTC),
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 11, 1, 7, tzinfo=UTC),
    ]
)
MOMENTS = st.builds(lambda start, s: start + timedelta(seconds=s), STARTS, st.integers(0, 36 * 3600))


def joined(spec: Obj) -> str:
    zone = spec.get("timezone")
    return ",".join(f"CRON_TZ={zone} {s}" if zone else s for s in spec["schedules"])


def should_outstanding_run(cron: Obj, now: datetime) -> datetime | None:
    """Upstream's rule (cron/operator.go shouldOutstandingWorkflowsBeRun), line by line, times found by stepping on."""
    annotation = (cron["metadata"].get("annotations") or {}).get(decide.LAST_USED_SCHEDULE)
    if annotation is None or annotation != joined(cron["spec"]):
        return None
    if not cron["status"].get("lastScheduledTime"):
        return None
    last = datetime.fromisoformat(cron["status"]["lastScheduledTime"].replace("Z", "+00:00"))
    for text in cron["spec"]["schedules"]:
        zone = cron["spec"].get("timezone")
        schedule = parse(f"CRON_TZ={zone} {text}" if zone else text)
        following = schedule.next(last)
        missed_time = None
        while following is not None and following < now:
            missed_time = following
            following = schedule.next(following)
        if missed_time is None:
            continue
        deadline = cron["spec"].get("startingDeadlineSeconds")
        if deadline is not None and now < missed_time + timedelta(seconds=deadline):
            return missed_time.astimezone(UTC)
    return None


@st.composite
def crons(draw: Any) -> Obj:
    spec: Obj = {
        "schedules": draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2, unique=True)),
        "workflowSpec": {"entrypoint": "m"},
    }
    zone = draw(st.sampled_from(ZONES))
    if zone:
        spec["timezone"] = zone
    deadline = draw(st.sampled_from([None, 0, 30, 600, 7200, 90000]))
    if deadline is not None:
        spec["startingDeadlineSeconds"] = deadline
    spec["concurrencyPolicy"] = draw(st.sampled_from(["Allow", "Forbid", "Replace"]))
    for field in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        limit = draw(st.sampled_from([None, 0, 1, 2]))
        if limit is not None:
            spec[field] = limit
    if draw(st.integers(0, 4)) == 0:
        spec["when"] = "{{= cronworkflow.failed < 2 }}"
    if draw(st.integers(0, 4)) == 0:
        spec["stopStrategy"] = {"expression": "cronworkflow.succeeded >= 3"}
    used = draw(st.sampled_from([joined(spec), joined(spec), None, "1 1 1 1 1"]))
    annotations = {decide.LAST_USED_SCHEDULE: used} if used is not None else {}
    metadata = {"name": "c", "namespace": "ns", "uid": "u", "annotations": annotations, "labels": {}}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": metadata,
        "spec": spec,
        "status": {},
    }


@SOME
@given(crons(), MOMENTS, st.integers(0, 30 * 3600), st.booleans())
def test_catch_up_is_upstreams_rule(cron: Obj, last: datetime, seconds: int, ran: bool) -> None:
    now = last + timedelta(seconds=seconds)
    cron["status"] = {"lastScheduledTime": decide.format_time(last)} if ran else {}
    expected = should_outstanding_run(cron, now)
    assert decide.missed_run(cron, SCHEDULES, now) == expected
    if cron["spec"].get("timezone"):
        assert missed.missed_run(cron, now) == expected


class Clock:
    """A CronWorkflow, its children and a controller that looks when it pleases and forgets everything on a restart."""

    def __init__(self, cron: Obj, start: datetime) -> None:
        self.cron, self.now = cron, start
        self.children: dict[str, Obj] = {}
        self.fired: list[str] = []
        self.ever: set[str] = set()
        self.next = self.following()

    def following(self) -> datetime | None:
        ticks = [SCHEDULES.next(text, self.now) for text in decide.schedule_texts(self.cron)]
        return min((t for t in ticks if t is not None), default=None)

    def patch(self, change: Obj | None) -> None:
        for part in ("metadata", "status"):
            for field, value in ((change or {}).get(part) or {}).items():
                known = self.cron[part].get(field)
                merged = {**known, **value} if isinstance(value, dict) and isinstance(known, dict) else value
                self.cron = {**self.cron, part: {**self.cron[part], field: merged}}

    def fire(self, tick: datetime) -> None:
        running = [n for n, c in self.children.items() if not decide.is_finished(c)]
        before = copy.deepcopy(self.cron)
        outcome = decide.fire(self.cron, tick, self.now, list(self.children.values()), SCHEDULES, CONDITIONS)
        assert self.cron == before
        for name in outcome.terminate:
            self.children[name] = {
                **self.children[name],
                "status": {"phase": "Failed", "finishedAt": decide.format_time(self.now)},
            }
        if outcome.workflow is None:
            assert outcome.reason
            assert "lastScheduledTime" not in (outcome.patch.get("status") or {})
            self.patch(outcome.patch)
            return
        name = outcome.workflow["metadata"]["name"]
        assert name == f"c-{int(tick.timestamp())}"
        policy = self.cron["spec"]["concurrencyPolicy"]
        assert not (policy == "Forbid" and running), "Forbid lets two run at once"
        assert policy != "Replace" or sorted(running) == sorted(outcome.terminate)
        if name in self.ever:
            return  # AlreadyExists: the API refuses a second child of one scheduled time
        self.ever.add(name)
        self.fired.append(name)
        self.children[name] = {
            **outcome.workflow,
            "metadata": {**outcome.workflow["metadata"], "uid": f"uid-{name}"},
            "status": {"phase": "Running"},
        }
        self.patch(decide.with_active(self.cron, outcome.patch, self.children[name]))

    def catch_up(self) -> None:
        tick = decide.missed_run(self.cron, SCHEDULES, self.now)
        if tick is not None and not decide.is_stopped(self.cron):
            assert tick < self.now
            self.fire(tick)

    def run_due(self) -> None:
        while self.next is not None and self.next <= self.now:
            tick, self.now = self.next, max(self.now, self.next)
            self.fire(tick)
            later = [SCHEDULES.next(text, tick) for text in decide.schedule_texts(self.cron)]
            self.next = min((t for t in later if t is not None), default=None)

    def sync(self) -> None:
        outcome = decide.sync(self.cron, list(self.children.values()), CONDITIONS)
        for name in outcome.delete:
            assert decide.is_finished(self.children[name]), "a running child is deleted"
            del self.children[name]
        self.patch(outcome.patch)


MOVES = st.lists(
    st.tuples(st.sampled_from(["wait", "outage", "succeed", "fail", "sync", "touch"]), st.integers(0, 5000)),
    max_size=25,
)


@SOME
@given(crons(), STARTS, MOVES)
def test_no_clock_makes_it_fire_twice_overlap_or_keep_too_much(
    cron: Obj, start: datetime, moves: list[tuple[str, int]]
) -> None:
    cron["spec"]["schedules"] = [s for s in cron["spec"]["schedules"] if s != "0 0 29 2 *"] or ["@hourly"]
    clock = Clock(cron, start)
    for what, seconds in moves:
        if what == "wait":
            clock.now += timedelta(seconds=seconds % 900)
            clock.run_due()
        elif what == "outage":
            clock.now += timedelta(seconds=seconds)
            clock.catch_up()
            clock.next = clock.following()
        elif what == "touch":
            clock.catch_up()
        elif what in ("succeed", "fail"):
            running = sorted(n for n, c in clock.children.items() if not decide.is_finished(c))
            if running:
                name = running[seconds % len(running)]
                phase = "Succeeded" if what == "succeed" else "Failed"
                status = {"phase": phase, "finishedAt": decide.format_time(clock.now)}
                clock.children[name] = {**clock.children[name], "status": status}
        clock.sync()
        assert len(clock.fired) == len(set(clock.fired)), "one scheduled time ran twice"
        for field, default, phases in (
            ("successfulJobsHistoryLimit", 3, ("Succeeded",)),
            ("failedJobsHistoryLimit", 1, ("Failed",)),
        ):
            kept = [c for c in clock.children.values() if c["status"]["phase"] in phases]
            assert len(kept) <= cron["spec"].get(field, default)
        running = [n for n, c in clock.children.items() if not decide.is_finished(c)]
        assert sorted(e["name"] for e in clock.cron["status"].get("active") or []) == sorted(running)
        if cron["spec"]["concurrencyPolicy"] != "Allow":
            assert len(running) <= 1
        if decide.is_stopped(clock.cron):
            count = len(clock.fired)
            clock.fire(clock.now)
            assert len(clock.fired) == count, "a stopped CronWorkflow ran"
    again = decide.sync(clock.cron, list(clock.children.values()), CONDITIONS)
    assert (again.delete, again.patch) == ((), None)
