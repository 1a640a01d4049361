"""Artifacts are deleted by a pod when their time has come, and the finalizer waits for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from executor.engine import advance
from executor.engine.artifact_gc import FINALIZER, pod_name, strategy_of
from executor.engine.contract import (
    ArtifactGCTaskObserved,
    Context,
    CreateObject,
    DeleteObject,
    PodObserved,
)
from executor.engine.names import fnv1a
from executor.engine.simulate import START, Answer

REPOSITORY = {"s3": {"bucket": "b", "endpoint": "e", "accessKeySecret": {"name": "s", "key": "k"}}}
CONTEXT = Context(artifact_gc=True, artifact_repository=REPOSITORY, image_commands={"*": (("/e",), ())})
SPEC = """
entrypoint: make
artifactGC: {strategy: OnWorkflowCompletion, serviceAccountName: cleaner%s}
templates:
- name: make
  container: {image: a, command: [c]}
  outputs:
    artifacts:
    - {name: now, path: /a}
    - {name: later, path: /b, artifactGC: {strategy: OnWorkflowDeletion, podMetadata: {labels: {z: "1", a: "2"}}}}
    - {name: kept, path: /c, artifactGC: {strategy: Never}}
"""
ARTIFACTS = {name: {"s3": {"key": f"k/{name}"}} for name in ("now", "later", "kept")}
NOW_POD = f"wf-artgc-wfcomp-{fnv1a('cleaner')}"
LATER_POD = f"wf-artgc-wfdel-{fnv1a('cleanera2z1')}"


def ended(run: Any, forced: str = "", answer: Answer | None = None) -> Any:
    outcome = run(SPEC % forced, {"make": answer or Answer(artifacts=ARTIFACTS)}, context=CONTEXT)
    assert outcome.state["metadata"]["finalizers"] == [FINALIZER]
    return outcome


def objects(commands: Any) -> list[Any]:
    return [c.object for c in commands if isinstance(c, CreateObject)]


def made(outcome: Any) -> list[Any]:
    return objects([c for _, c in outcome.trace])


def report(name: str, *results: tuple[str, bool]) -> ArtifactGCTaskObserved:
    found = {a: {"name": a, "success": good, **({} if good else {"error": f"no {a}"})} for a, good in results}
    status = {"artifactResultsByNode": {"wf": {"artifactResults": found}}}
    return ArtifactGCTaskObserved({"metadata": {"name": f"{name}-0"}, "status": status})


def finished(pod: str, phase: str = "Succeeded") -> PodObserved:
    labels = {"workflows.argoproj.io/component": "artifact-gc"}
    annotations = {"workflows.argoproj.io/artifact-gc-strategy": "OnWorkflowCompletion"}
    metadata = {"name": pod, "labels": labels, "annotations": annotations}
    return PodObserved({"metadata": metadata, "status": {"phase": phase}})


def test_what_is_created_at_the_end_of_the_workflow(run: Any) -> None:
    outcome = ended(run)
    task, pod = made(outcome)
    owner = [
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "name": "wf",
            "uid": "uid-wf",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    reported = next(a for a in outcome.node("wf")["outputs"]["artifacts"] if a["name"] == "now")
    location = {"s3": {"bucket": "b", "endpoint": "e", "accessKeySecret": {"name": "s", "key": "k"}}}
    assert task == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowArtifactGCTask",
        "metadata": {
            "name": f"{NOW_POD}-0",
            "namespace": "argo",
            "labels": {"workflows.argoproj.io/artifact-gc-pod": str(fnv1a(NOW_POD))},
            "ownerReferences": owner,
        },
        "spec": {"artifactsByNode": {"wf": {"archiveLocation": location, "artifacts": {"now": reported}}}},
        "status": {},
    }
    assert pod["metadata"] == {
        "name": NOW_POD,
        "namespace": "argo",
        "labels": {
            "workflows.argoproj.io/workflow": "wf",
            "workflows.argoproj.io/component": "artifact-gc",
            "workflows.argoproj.io/completed": "false",
        },
        "annotations": {"workflows.argoproj.io/artifact-gc-strategy": "OnWorkflowCompletion"},
        "ownerReferences": owner,
    }
    assert pod["spec"]["serviceAccountName"] == "cleaner"
    assert pod["spec"]["volumes"] == [
        {"name": "s", "secret": {"secretName": "s", "items": [{"key": "k", "path": "k"}]}}
    ]
    [container] = pod["spec"]["containers"]
    assert (container["args"][:2], container["env"]) == (
        ["artifact", "delete"],
        [
            {
                "name": "ARGO_POD_NAME",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
            },
            {"name": "ARGO_TEMPLATE", "value": "{}"},
            {"name": "ARGO_DEADLINE", "value": "0001-01-01T00:00:00Z"},
            {"name": "ARGO_ARTIFACT_POD_NAME", "value": str(fnv1a(NOW_POD))},
        ],
    )
    assert outcome.state["status"]["artifactGCStatus"] == {
        "podsRecouped": {NOW_POD: False},
        "strategiesProcessed": {"OnWorkflowCompletion": True},
    }


def test_the_finalizer_goes_once_every_artifact_is_gone(run: Any) -> None:
    state = ended(run).state
    step = advance(state, [report(NOW_POD, ("now", True)), finished(NOW_POD)], START, CONTEXT)
    deleted = [
        a["name"] for a in step.state["status"]["nodes"]["wf"]["outputs"]["artifacts"] if a.get("deleted")
    ]
    assert deleted == ["now"]
    assert step.state["status"]["artifactGCStatus"]["podsRecouped"] == {NOW_POD: True}
    task = ("argoproj.io/v1alpha1", "WorkflowArtifactGCTask", "argo", f"{NOW_POD}-0")
    assert DeleteObject(*task) in step.commands
    assert step.state["metadata"]["finalizers"] == [FINALIZER]
    assert step.state["status"]["phase"] == "Succeeded"
    gone = {**step.state, "metadata": {**step.state["metadata"], "deletionTimestamp": "2026-01-02T00:00:00Z"}}
    step = advance(gone, (), START, CONTEXT)
    task, pod = objects(step.commands)
    assert (pod["metadata"]["name"], pod["metadata"]["labels"]["a"]) == (LATER_POD, "2")
    assert list(task["spec"]["artifactsByNode"]["wf"]["artifacts"]) == ["later"]
    step = advance(step.state, [report(LATER_POD, ("later", True)), finished(LATER_POD)], START, CONTEXT)
    assert step.state["metadata"]["finalizers"] == []
    assert not advance(step.state, [finished(LATER_POD)], START, CONTEXT).changed


@pytest.mark.parametrize(("forced", "finalizers"), [("", [FINALIZER]), (", forceFinalizerRemoval: true", [])])
def test_what_cannot_be_deleted_is_a_condition_and_holds_the_finalizer(
    run: Any, forced: str, finalizers: list[str]
) -> None:
    only_now = Answer(artifacts={"now": ARTIFACTS["now"]})
    state = ended(run, forced, only_now).state
    step = advance(state, [report(NOW_POD, ("now", False)), finished(NOW_POD)], START, CONTEXT)
    assert {"type": "ArtifactGCError", "status": "True", "message": "no now"} in step.state["status"][
        "conditions"
    ]
    assert step.state["metadata"]["finalizers"] == finalizers


def test_a_pod_that_fails_is_a_condition(run: Any) -> None:
    step = advance(ended(run).state, [finished(NOW_POD, "Failed")], START, CONTEXT)
    [problem] = [c for c in step.state["status"]["conditions"] if c["type"] == "ArtifactGCError"]
    assert problem["message"].startswith(
        f"Artifact Garbage Collection failed for strategy OnWorkflowCompletion, pod {NOW_POD} failed"
    )
    assert step.state["metadata"]["finalizers"] == [FINALIZER]


def test_without_artifacts_there_is_nothing_to_wait_for(run: Any) -> None:
    outcome = run(SPEC % "", {"make": Answer(exit_code=1)}, context=CONTEXT)
    assert (outcome.phase, outcome.state["metadata"]["finalizers"], made(outcome)) == ("Failed", [], [])


def test_a_driver_that_does_not_collect_gets_no_finalizer(run: Any) -> None:
    outcome = run(
        SPEC % "", {"make": Answer(artifacts=ARTIFACTS)}, context=replace(CONTEXT, artifact_gc=False)
    )
    assert "finalizers" not in outcome.state["metadata"]
    assert made(outcome) == []


def test_the_strategy_of_an_artifact_is_its_own_or_the_workflows() -> None:
    spec = {"artifactGC": {"strategy": "OnWorkflowDeletion"}}
    own = {"artifactGC": {"strategy": "OnWorkflowCompletion"}}
    never = {"artifactGC": {"strategy": "Never"}}
    assert [strategy_of(a, spec) for a in ({}, own, never)] == [
        "OnWorkflowDeletion",
        "OnWorkflowCompletion",
        "",
    ]
    assert strategy_of({}, {}) == ""


def test_one_pod_for_each_account_and_metadata() -> None:
    settings = {
        "serviceAccountName": "x",
        "podMetadata": {"labels": {"b": "1", "a": "2"}, "annotations": {"c": "3"}},
    }
    assert pod_name("w", "OnWorkflowDeletion", settings) == f"w-artgc-wfdel-{fnv1a('xa2b1c3')}"
