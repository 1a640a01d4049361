"""The CronWorkflow decisions: tables of state and time against the whole decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from executor.cron import decide
from executor.cron.clockwork import schedules_in
from executor.cron.conditions import CONDITIONS, evaluate_stop, evaluate_when

SCHEDULES = schedules_in(UTC)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Obj = dict[str, Any]


def cron(
    *, status: Obj | None = None, used: str | None = "0 * * * *", labels: Obj | None = None, **spec: Any
) -> Obj:
    """An hourly CronWorkflow with what a test wants to be different."""
    annotations = {decide.LAST_USED_SCHEDULE: used} if used is not None else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "CronWorkflow",
        "metadata": {
            "name": "hourly",
            "namespace": "ns",
            "uid": "cron-uid",
            "annotations": annotations,
            "labels": labels or {},
        },
        "spec": {"schedules": ["0 * * * *"], "workflowSpec": {"entrypoint": "main"}, **spec},
        "status": status or {},
    }


def child(name: str, phase: str = "Running", *, uid: str = "", finished: str = "") -> Obj:
    """A Workflow of the CronWorkflow."""
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "uid": uid or f"uid-{name}",
            "ownerReferences": [{"uid": "cron-uid"}],
        },
        "status": {"phase": phase, **({"finishedAt": finished} if finished else {})},
    }


def fire(obj: Obj, children: list[Obj] | None = None, **keywords: Any) -> decide.Fire:
    return decide.fire(obj, NOON, NOON, children or [], SCHEDULES, CONDITIONS, **keywords)


def active(*names: str) -> list[Obj]:
    return [decide.reference(child(name)) for name in names]


# --- firing ---


def test_a_tick_makes_a_child_named_by_its_time() -> None:
    outcome = fire(cron(), instance_id="team-a")
    assert outcome.workflow == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": f"hourly-{int(NOON.timestamp())}",
            "namespace": "ns",
            "labels": {
                "workflows.argoproj.io/cron-workflow": "hourly",
                "workflows.argoproj.io/controller-instanceid": "team-a",
            },
            "annotations": {"workflows.argoproj.io/scheduled-time": "2026-03-01T12:00:00Z"},
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "CronWorkflow",
                    "name": "hourly",
                    "uid": "cron-uid",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": {"entrypoint": "main"},
    }
    assert outcome.terminate == ()
    assert outcome.patch == {
        "metadata": {"annotations": {decide.LAST_USED_SCHEDULE: "0 * * * *"}},
        "status": {"lastScheduledTime": "2026-03-01T12:00:00Z", "phase": "Active"},
    }


def test_workflow_metadata_is_handed_down() -> None:
    metadata = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["x/y"]}
    outcome = fire(cron(workflowMetadata=metadata))
    assert outcome.workflow is not None
    meta = outcome.workflow["metadata"]
    assert meta["labels"] == {"workflows.argoproj.io/cron-workflow": "hourly", "a": "b"}
    assert meta["annotations"] == {"workflows.argoproj.io/scheduled-time": "2026-03-01T12:00:00Z", "c": "d"}
    assert meta["finalizers"] == ["x/y"]


@pytest.mark.parametrize(
    ("spec", "status", "children", "reason"),
    [
        ({"suspend": True}, {}, [], "suspended"),
        ({}, {"phase": "Stopped"}, [], "stopped by stopStrategy"),
        ({"when": "{{cronworkflow.succeeded}} > 1"}, {"succeeded": 1}, [], "when evaluated false"),
        (
            {"concurrencyPolicy": "Forbid"},
            {},
            [child("hourly-1")],
            "concurrencyPolicy Forbid: hourly-1 still active",
        ),
        (
            {"concurrencyPolicy": "Forbid"},
            {"active": active("hourly-2")},
            [],
            "concurrencyPolicy Forbid: hourly-2 still active",
        ),
    ],
)
def test_a_refused_tick_writes_the_schedule_but_no_last_scheduled_time(
    spec: Obj, status: Obj, children: list[Obj], reason: str
) -> None:
    outcome = fire(cron(status=status, **spec), children)
    assert (outcome.workflow, outcome.reason) == (None, reason)
    assert outcome.patch == {"metadata": {"annotations": {decide.LAST_USED_SCHEDULE: "0 * * * *"}}}


def test_forbid_runs_again_once_the_active_child_has_finished() -> None:
    obj = cron(status={"active": active("hourly-2")}, concurrencyPolicy="Forbid")
    assert fire(obj, [child("hourly-2", "Succeeded")]).workflow is not None


def test_replace_shuts_down_what_is_active_first() -> None:
    obj = cron(concurrencyPolicy="Replace", status={"active": active("hourly-2")})
    outcome = fire(obj, [child("hourly-1"), child("hourly-3", "Failed")])
    assert outcome.terminate == ("hourly-1", "hourly-2")
    assert outcome.workflow is not None


def test_stop_strategy_ends_the_cron_workflow() -> None:
    obj = cron(status={"failed": 3}, stopStrategy={"expression": "cronworkflow.failed >= 3"})
    outcome = fire(obj)
    assert (outcome.workflow, outcome.reason) == (None, "stopped by stopStrategy")
    assert outcome.patch == {
        "metadata": {
            "annotations": {decide.LAST_USED_SCHEDULE: "0 * * * *"},
            "labels": {decide.COMPLETED_LABEL: "true"},
        },
        "status": {"phase": "Stopped"},
    }


def test_a_when_that_cannot_be_evaluated_is_a_submission_error() -> None:
    outcome = fire(cron(when="{{cronworkflow.nothing}} == 1"))
    assert outcome.workflow is None
    assert outcome.patch["status"]["conditions"] == [
        {
            "type": "SubmissionError",
            "status": "True",
            "message": "failed to evaluate when condition: failed to resolve {{cronworkflow.nothing}}",
        }
    ]


def test_a_successful_run_drops_the_errors_of_earlier_ones() -> None:
    conditions = [
        {"type": "SpecError", "status": "True", "message": "a"},
        {"type": "SubmissionError", "status": "True", "message": "b"},
        {"type": "Other", "status": "True"},
    ]
    outcome = fire(cron(status={"conditions": conditions}))
    assert outcome.patch["status"]["conditions"] == [{"type": "Other", "status": "True"}]


def test_a_failed_submission_counts_as_a_failure_and_is_no_run() -> None:
    obj = cron(status={"failed": 1})
    assert fire(obj).patch_failed(obj, "quota") == {
        "metadata": {"annotations": {decide.LAST_USED_SCHEDULE: "0 * * * *"}},
        "status": {
            "phase": "Active",
            "failed": 2,
            "conditions": [{"type": "SubmissionError", "status": "True", "message": "quota"}],
        },
    }


def test_with_active_adds_the_created_child_once() -> None:
    obj = cron(status={"active": active("hourly-1")})
    patch = decide.with_active(obj, {"status": {"phase": "Active"}}, child("hourly-2"))
    assert patch["status"]["active"] == active("hourly-1", "hourly-2")
    assert decide.with_active(obj, {}, child("hourly-1"))["status"]["active"] == active("hourly-1")


# --- spec errors ---


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"schedules": []}, "cron workflow must have at least one schedule"),
        (
            {"schedules": [], "schedule": "1 * * * *"},
            'spec.schedule was removed in Argo Workflows 4.0: write `schedules: ["1 * * * *"]` instead',
        ),
        (
            {"concurrencyPolicy": "Maybe"},
            "'Maybe' is not a valid concurrencyPolicy: use Allow, Forbid or Replace",
        ),
        ({"startingDeadlineSeconds": -1}, "startingDeadlineSeconds must be zero or a positive whole number"),
        ({"workflowSpec": None}, "spec.workflowSpec is required"),
    ],
)
def test_spec_errors_name_the_remedy(spec: Obj, message: str) -> None:
    assert decide.spec_error(cron(**spec), SCHEDULES, NOON) == message


def test_a_bad_schedule_and_a_bad_zone_are_spec_errors() -> None:
    bad = decide.spec_error(cron(schedules=["61 * * * *"]), SCHEDULES, NOON)
    assert bad.startswith("cron schedule '61 * * * *' is malformed: ")
    zone = decide.spec_error(cron(timezone="Mars/Base"), SCHEDULES, NOON)
    assert zone.startswith("cron schedule 'CRON_TZ=Mars/Base 0 * * * *' is malformed: ")


def test_the_single_schedule_counts_only_for_rules_before_4() -> None:
    old = cron(schedules=None, schedule="5 * * * *")
    assert decide.schedule_texts(old) == ()
    assert decide.schedule_texts(old, rules_version="3.7") == ("5 * * * *",)
    assert decide.spec_error(old, SCHEDULES, NOON, rules_version="3.7") == ""


# --- catching up (upstream: shouldOutstandingWorkflowsBeRun) ---

LAST = {"lastScheduledTime": "2026-03-01T10:00:00Z"}
LATE = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (cron(status=LAST, startingDeadlineSeconds=60), NOON),
        (cron(status=LAST, startingDeadlineSeconds=30), None),
        (cron(status=LAST), None),
        (cron(startingDeadlineSeconds=60), None),
        (cron(status=LAST, startingDeadlineSeconds=60, used=None), None),
        (cron(status=LAST, startingDeadlineSeconds=60, used="1 * * * *"), None),
        (cron(status={"lastScheduledTime": "2026-03-01T12:00:00Z"}, startingDeadlineSeconds=60), None),
        (
            cron(
                status=LAST,
                startingDeadlineSeconds=60,
                timezone="Europe/Paris",
                used="CRON_TZ=Europe/Paris 0 * * * *",
            ),
            NOON,
        ),
        (cron(status=LAST, startingDeadlineSeconds=60, suspend=True), NOON),
    ],
    ids=[
        "inside the deadline",
        "deadline over",
        "no deadline",
        "never ran",
        "no annotation",
        "schedule changed",
        "nothing missed",
        "with a timezone",
        "suspended: fire refuses it",
    ],
)
def test_missed_run(obj: Obj, expected: datetime | None) -> None:
    assert decide.missed_run(obj, SCHEDULES, LATE) == expected


def test_the_predictor_of_the_linter_agrees_about_missed_runs() -> None:
    from argolint.analysis.cron.missed import missed_run

    for minutes in (0, 1, 59, 60, 61, 150):
        for deadline in (None, 0, 60, 3600):
            obj = cron(status=LAST, startingDeadlineSeconds=deadline)
            now = datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC) + timedelta(minutes=minutes)
            assert decide.missed_run(obj, SCHEDULES, now) == missed_run(obj, now)


# --- the children ---


def test_sync_counts_what_has_finished_and_adopts_what_runs() -> None:
    obj = cron(
        status={"active": active("hourly-1", "hourly-2", "hourly-3", "hourly-4"), "succeeded": 5, "failed": 1}
    )
    children = [
        child("hourly-1", "Succeeded"),
        child("hourly-2", "Error"),
        child("hourly-3"),
        child("hourly-5"),
    ]
    outcome = decide.sync(obj, children, CONDITIONS)
    assert outcome == decide.Sync(
        (), {"status": {"active": active("hourly-3", "hourly-5"), "succeeded": 6, "failed": 2}}
    )


def test_sync_of_an_unchanged_state_writes_nothing() -> None:
    obj = cron(status={"active": active("hourly-1")})
    assert decide.sync(obj, [child("hourly-1")], CONDITIONS) == decide.Sync((), None)


def test_sync_stops_by_the_counters_it_is_about_to_write() -> None:
    obj = cron(
        status={"active": active("hourly-1")}, stopStrategy={"expression": "cronworkflow.succeeded >= 1"}
    )
    outcome = decide.sync(obj, [child("hourly-1", "Succeeded")], CONDITIONS)
    assert outcome.patch == {
        "status": {"active": [], "succeeded": 1, "phase": "Stopped"},
        "metadata": {"labels": {decide.COMPLETED_LABEL: "true"}},
    }


def test_history_limits_delete_the_oldest_of_each_outcome() -> None:
    children = [
        child(f"ok-{i}", "Succeeded", finished=f"2026-03-01T0{i}:00:00Z") for i in (3, 1, 2, 5, 4)
    ] + [child(f"bad-{i}", p, finished=f"2026-03-01T0{i}:00:00Z") for i, p in ((1, "Failed"), (2, "Error"))]
    assert decide.over_limit(cron(), children) == ("ok-1", "ok-2", "bad-1")
    none = cron(successfulJobsHistoryLimit=0, failedJobsHistoryLimit=2)
    assert decide.over_limit(none, children) == ("ok-1", "ok-2", "ok-3", "ok-4", "ok-5")


# --- when and stopStrategy ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{cronworkflow.name}} == hourly", True),
        ("{{cronworkflow.failed}} < 2", True),
        ("{{= cronworkflow.lastScheduledTime == nil }}", True),
        ("{{= cronworkflow.failed == 0 }} && {{cronworkflow.labels.team}} == a", True),
        ("{{cronworkflow.namespace}} != ns", False),
    ],
)
def test_when(text: str, expected: bool) -> None:
    assert evaluate_when(text, decide.variables(cron(labels={"team": "a"}))) is expected


def test_when_knows_how_long_ago_the_last_run_was() -> None:
    text = "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 30 }}"
    assert evaluate_when(text, decide.variables(cron())) is True
    recent = cron(status={"lastScheduledTime": decide.format_time(datetime.now(UTC))})
    assert evaluate_when(text, decide.variables(recent)) is False


def test_a_stop_expression_must_be_true_or_false() -> None:
    with pytest.raises(ValueError, match="not true or false"):
        evaluate_stop("cronworkflow.failed", decide.variables(cron()))
    assert evaluate_stop("failed >= 0", decide.variables(cron())) is True


def test_without_a_zone_a_schedule_is_read_in_the_controllers_zone() -> None:
    from zoneinfo import ZoneInfo

    tokyo = schedules_in(ZoneInfo("Asia/Tokyo"))
    assert tokyo.next("0 9 * * *", NOON) == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
    assert tokyo.next("CRON_TZ=UTC 0 9 * * *", NOON) == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
