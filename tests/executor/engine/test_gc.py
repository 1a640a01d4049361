"""What is cleaned up: pods, claims, budgets, the workflow; and resources and estimates."""

from __future__ import annotations

from typing import Any

import pytest

from executor.engine import gc, progress
from executor.engine.contract import (
    Context,
    CreateObject,
    CreatePod,
    DeleteObject,
    DeletePod,
    LabelPodCompleted,
)
from executor.engine.simulate import Answer

FAILS = Answer(exit_code=1)
TEXT = """
entrypoint: main
%s
templates:
- {name: main, steps: [[{name: a, template: ok, continueOn: {failed: true}}, {name: b, template: bad, continueOn: {failed: true}}]]}
- {name: ok, container: {image: a, command: [c]}}
- {name: bad, container: {image: a, command: [c]}, metadata: {labels: {keep: "yes"}}}
"""


def cleaned(outcome: Any) -> list[str]:
    found = []
    for _, command in outcome.trace:
        match command:
            case DeletePod(name):
                found.append(f"delete {name.split('-')[1]}")
            case DeleteObject(_, "Pod", _, name, delay):
                found.append(f"delete {name.split('-')[1]} after {delay:g}")
            case LabelPodCompleted(name):
                found.append(f"label {name.split('-')[1]}")
            case _:
                pass
    return found


@pytest.mark.parametrize(
    ("pod_gc", "expected"),
    [
        ("", ["label ok", "label bad"]),
        ("podGC: {strategy: OnPodCompletion}", ["delete ok after 5", "delete bad after 5"]),
        ("podGC: {strategy: OnPodSuccess, deleteDelayDuration: 0s}", ["delete ok", "label bad"]),
        (
            "podGC: {strategy: OnWorkflowSuccess, deleteDelayDuration: 30s}",
            ["label ok", "label bad", "delete ok after 30", "delete bad after 30"],
        ),
        (
            "podGC: {strategy: OnWorkflowCompletion, labelSelector: {matchExpressions: [{key: keep, operator: DoesNotExist}]}}",
            ["label ok", "label bad", "delete ok after 5"],
        ),
    ],
)
def test_pod_gc(run: Any, pod_gc: str, expected: list[str]) -> None:
    assert cleaned(run(TEXT % pod_gc, {"bad": FAILS})) == expected


def test_claims_and_budget_live_as_long_as_the_workflow(run: Any) -> None:
    extra = "volumeClaimTemplates: [{metadata: {name: disk}, spec: {x: 1}}]\npodDisruptionBudget: {minAvailable: 1}"
    outcome = run(TEXT % extra)
    kinds = [type(c).__name__ for _, c in outcome.trace]
    assert kinds.index("CreateObject") < kinds.index("CreatePod")
    made = {c.object["kind"]: c.object for _, c in outcome.trace if isinstance(c, CreateObject)}
    assert made["PersistentVolumeClaim"]["metadata"]["name"] == "wf-disk"
    assert made["PersistentVolumeClaim"]["spec"] == {"x": 1}
    assert made["PodDisruptionBudget"]["spec"] == {
        "minAvailable": 1,
        "selector": {"matchLabels": {"workflows.argoproj.io/workflow": "wf"}},
    }
    gone = [(c.kind, c.name) for _, c in outcome.trace if isinstance(c, DeleteObject)]
    assert gone == [("PersistentVolumeClaim", "wf-disk"), ("PodDisruptionBudget", "wf")]
    assert "persistentVolumeClaims" not in outcome.state["status"]


def test_claims_of_a_failed_workflow_are_kept(run: Any) -> None:
    extra = "volumeClaimTemplates: [{metadata: {name: disk}, spec: {}}]"
    outcome = run(
        (TEXT % extra).replace("continueOn: {failed: true}", "continueOn: {error: true}"), {"bad": FAILS}
    )
    assert outcome.phase == "Failed"
    assert not [c for _, c in outcome.trace if isinstance(c, DeleteObject)]
    assert outcome.state["status"]["persistentVolumeClaims"] == [
        {"name": "disk", "persistentVolumeClaim": {"claimName": "wf-disk"}}
    ]


@pytest.mark.parametrize(
    ("strategy", "phase", "expected"),
    [
        ({}, "Succeeded", None),
        ({"secondsAfterCompletion": 5}, "Error", 5.0),
        ({"secondsAfterCompletion": 5, "secondsAfterFailure": 7}, "Failed", 7.0),
        ({"secondsAfterCompletion": 5, "secondsAfterFailure": 7}, "Error", 5.0),
        ({"secondsAfterSuccess": 0}, "Succeeded", 0.0),
    ],
)
def test_time_to_live(strategy: dict[str, int], phase: str, expected: float | None) -> None:
    assert gc.time_to_live({"ttlStrategy": strategy}, phase) == expected


def test_ttl_starts_with_the_end(run: Any) -> None:
    outcome = run(TEXT % "ttlStrategy: {secondsAfterCompletion: 60}")
    assert [c for _, c in outcome.trace if isinstance(c, DeleteObject)] == [
        DeleteObject("argoproj.io/v1alpha1", "Workflow", "argo", "wf", 61.0)
    ]


def test_resources_duration() -> None:
    ended = {"terminated": {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:00Z"}}
    pod = {
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "resources": {"limits": {"memory": "1Gi", "cpu": 2}, "requests": {"cpu": "500m"}},
                }
            ]
        },
        "status": {"containerStatuses": [{"name": "main", "state": ended}]},
    }
    assert progress.pod_duration(pod) == {"cpu": 30, "memory": 614}


def test_durations_are_estimated_from_the_baseline(run: Any, workflow: Any) -> None:
    before = run(TEXT % "", {"ok": Answer(after=40)}).state
    outcome = run(TEXT % "", context=Context(baseline=before))
    assert outcome.state["status"]["estimatedDuration"] == 40
    assert (outcome.node("a")["estimatedDuration"], outcome.node("b")["estimatedDuration"]) == (40, 1)


def test_progress_that_a_pod_reports(run: Any) -> None:
    seen: list[str] = []

    def look(state: Any) -> Any:
        seen.append(state["status"].get("progress", ""))
        return state

    outcome = run(TEXT % "", {"ok": Answer(progress="3/10", after=2)}, between=look)
    assert outcome.node("a")["progress"] == "10/10"
    assert seen[0] == "0/2"
    assert outcome.state["status"]["progress"] == "11/11"


def test_attempts_avoid_hosts_where_they_failed(workflow: Any) -> None:
    from executor.engine import advance
    from executor.engine.contract import PodObserved
    from executor.engine.simulate import START, with_status

    made = workflow(
        "{entrypoint: main, templates: [{name: main, retryStrategy: {limit: 1, affinity: {nodeAntiAffinity: {}}}, container: {image: a, command: [c]}}]}"
    )
    step = advance(made, (), START, Context())
    (pod,) = [c.pod for c in step.commands if isinstance(c, CreatePod)]
    failed = with_status({**pod, "spec": {**pod["spec"], "nodeName": "host1"}}, "Failed", START, {}, 1)
    step = advance(step.state, [PodObserved(failed)], START, Context())
    (pod,) = [c.pod for c in step.commands if isinstance(c, CreatePod)]
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert terms == [
        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["host1"]}]}
    ]
