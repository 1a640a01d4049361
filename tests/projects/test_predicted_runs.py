"""A run starts by a write if, and only if, it was predicted: the plan's prediction against the controller's own decision.

The two are written apart (the reconciler predicts for any controller; the executor decides): each is the other's oracle.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from executor.cron import conditions, decide
from executor.cron.clockwork import schedules_in
from reconciler.predict import predict

NOON = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)  # the day of Europe's change to summer time
SCHEDULES = (
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "0 12 * * *",
    "0 0 1 1 *",
    "@hourly",
    "@every 90s",
    "0 0 30 2 *",
)
ZONES = (None, "Europe/Berlin", "Asia/Kolkata", "America/New_York")
ACTIVE = {"kind": "Workflow", "name": "night-1", "namespace": "n", "uid": "w1"}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "schedules": draw(st.lists(st.sampled_from(SCHEDULES), min_size=1, max_size=3, unique=True)),
        "workflowSpec": {"entrypoint": "main", "templates": []},
    }
    for field, values in (
        ("timezone", ZONES),
        ("suspend", (None, None, False, True)),
        ("startingDeadlineSeconds", (600, 86400, 30, 0, None)),
        ("concurrencyPolicy", (None, "Allow", "Forbid", "Replace")),
        ("when", (None, None, None, "1 == 1", "1 == 2")),
        ("stopStrategy", (None, None, None, {"expression": "cronworkflow.failed >= 3"})),
    ):
        value = draw(st.sampled_from(values))
        if value is not None:
            spec[field] = value
    return spec


@st.composite
def writes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is live, and what is written over it: mostly one that may have a run outstanding."""
    live_spec, new_spec = draw(specs()), draw(specs())
    new_spec = draw(st.sampled_from((live_spec, {**new_spec, "schedules": live_spec["schedules"]}, new_spec)))
    annotations = {}
    used = draw(st.sampled_from((new_spec, new_spec, new_spec, live_spec, None)))
    if used is not None:
        annotations[decide.LAST_USED_SCHEDULE] = ",".join(decide.schedule_texts({"spec": used}))
    labels = {decide.COMPLETED_LABEL: "true"} if draw(st.sampled_from((0, 0, 0, 0, 0, 1))) else {}
    last = NOON - timedelta(
        seconds=draw(st.sampled_from((1, 59, 61, 299, 301, 3599, 7200, 90_000, 90_000_000)))
    )
    status: dict[str, Any] = {"lastScheduledTime": decide.format_time(last)}
    if draw(st.sampled_from((0, 0, 0, 1))):
        del status["lastScheduledTime"]
    if draw(st.booleans()):
        status["active"] = [dict(ACTIVE)]
    if draw(st.booleans()):
        status |= {
            "phase": draw(st.sampled_from(("Active", "Active", "Stopped"))),
            "failed": draw(st.integers(0, 4)),
        }
    metadata = {"name": "night", "namespace": "n", "uid": "c1", "annotations": annotations, "labels": labels}
    desired = {"metadata": {"name": "night", "namespace": "n"}, "spec": new_spec}
    return {"metadata": metadata, "spec": live_spec, "status": status}, desired


@settings(max_examples=400, deadline=None)
@given(writes(), st.integers(0, 120))
def test_a_run_starts_only_if_it_was_predicted(
    write: tuple[dict[str, Any], dict[str, Any]], seconds: int
) -> None:
    now = NOON + timedelta(seconds=seconds)
    live, desired = write
    found = predict(live, desired, now)
    written = {**live, "spec": desired["spec"]}
    schedules = schedules_in(UTC)
    verdicts = decide.Conditions(conditions.evaluate_when, conditions.evaluate_stop)
    tick = decide.missed_run(written, schedules, now)
    children = [
        {
            "metadata": {"name": ref["name"], "namespace": "n", "uid": ref["uid"]},
            "status": {"phase": "Running"},
        }
        for ref in live["status"].get("active", [])
    ]
    decision = decide.fire(written, tick, now, children, schedules, verdicts) if tick is not None else None
    starts = decision is not None and decision.workflow is not None
    if starts:
        assert found.runs_now, found
    elif found.certain:
        assert not found.runs_now, (found, decision)
    if starts and found.runs_now:
        assert found.kills == decision.terminate
