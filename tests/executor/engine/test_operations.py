"""Stop, suspend, resume, set, retry, resubmit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argolint.errors import UserError
from executor import engine
from executor.engine import advance
from executor.engine.contract import Context, CreatePod
from executor.engine.simulate import START, Answer, scripted, simulate

LATER = START + timedelta(hours=1)
FAILS = Answer(exit_code=1)
ASK = """
entrypoint: main
templates:
- {name: main, steps: [[{name: one, template: ask}, {name: two, template: ask}]]}
- {name: ask, suspend: {}, outputs: {parameters: [{name: ok, valueFrom: {supplied: {}, default: "no"}}]}}
"""
CHAIN = """
entrypoint: main
onExit: work
templates:
- name: main
  dag:
    tasks:
    - {name: a, template: work}
    - {name: b, template: work, depends: a}
    - {name: c, template: work, depends: b}
- {name: work, container: {image: alpine, command: [work]}}
"""


def started(workflow: Any, text: str) -> Any:
    return advance(workflow(text), (), START, Context()).state


def test_suspend_and_resume_a_workflow(workflow: Any) -> None:
    made = engine.suspend(workflow(CHAIN))
    step = advance(made, (), START, Context())
    assert (step.state["status"]["phase"], "nodes" in step.state["status"]) == ("Running", False)
    assert not [c for c in step.commands if isinstance(c, CreatePod)]
    with pytest.raises(UserError, match="already suspended"):
        engine.suspend(step.state)
    resumed = engine.resume(step.state, now=START)
    assert "suspend" not in resumed["spec"]
    assert [c.node_id for c in advance(resumed, (), START, Context()).commands if isinstance(c, CreatePod)]


def test_resume_fills_in_defaults(workflow: Any) -> None:
    state = engine.resume(started(workflow, ASK), now=LATER, by="alice")
    ended = advance(state, (), LATER, Context()).state
    assert ended["status"]["phase"] == "Succeeded"
    asks = [n for n in ended["status"]["nodes"].values() if n["type"] == "Suspend"]
    assert [(n["phase"], n["message"], n["outputs"], n["finishedAt"]) for n in asks] == [
        (
            "Succeeded",
            "Resumed by: alice",
            {"parameters": [{"name": "ok", "value": "no"}]},
            "2026-01-01T01:00:00Z",
        )
    ] * 2


def test_resume_without_a_default_names_the_node(workflow: Any) -> None:
    state = started(workflow, ASK.replace(', default: "no"', ""))
    with pytest.raises(UserError, match=r"wf\[0\]\.one: raw output parameter 'ok' has not been set"):
        engine.resume(state, now=LATER)


def test_set_outputs_and_stop_by_selector(workflow: Any) -> None:
    state = started(workflow, ASK)
    state = engine.set_outputs(
        state, "displayName=one", now=LATER, parameters={"ok": "yes"}, phase="Succeeded"
    )
    state = engine.stop(state, now=LATER, selector="displayName=two", message="refused")
    ended = advance(state, (), LATER, Context()).state
    nodes = {n["displayName"]: n for n in ended["status"]["nodes"].values()}
    assert nodes["one"]["outputs"] == {"parameters": [{"name": "ok", "value": "yes"}]}
    assert (nodes["two"]["phase"], nodes["two"]["message"]) == ("Failed", "refused")
    assert ended["status"]["phase"] == "Failed"
    with pytest.raises(UserError, match="no suspend nodes matching"):
        engine.set_outputs(started(workflow, ASK), "displayName=three", now=LATER, message="x")
    with pytest.raises(UserError, match="node is not expecting output parameter 'nope'"):
        engine.set_outputs(started(workflow, ASK), "displayName=one", now=LATER, parameters={"nope": "x"})
    with pytest.raises(UserError, match="is not known"):
        engine.set_outputs(started(workflow, ASK), "color=red", now=LATER)


def test_operations_refuse_what_has_ended(run: Any) -> None:
    ended = run(CHAIN).state
    for operation in (engine.terminate, engine.suspend, lambda w: engine.stop(w, now=LATER)):
        with pytest.raises(UserError, match='a completed workflow: workflow: "wf", namespace: "argo"'):
            operation(ended)
    with pytest.raises(UserError, match="must be Failed/Error to retry"):
        engine.retry(ended, now=LATER)


def test_retry_keeps_what_succeeded(run: Any) -> None:
    failed = run(CHAIN, {"b": FAILS})
    assert failed.phase == "Failed"
    again, pods = engine.retry(failed.state, now=LATER)
    kept = {n["displayName"]: n["phase"] for n in again["status"]["nodes"].values()}
    assert kept == {"wf": "Running", "a": "Succeeded"}
    assert sorted(pods) == sorted(engine_pod_name(failed, name) for name in ("b", "wf.onExit"))
    assert "workflows.argoproj.io/completed" not in again["metadata"]["labels"]
    assert again["status"]["conditions"][-1] == {"type": "Completed", "status": "False"}
    outcome = simulate(again, scripted({}), start=LATER)
    assert outcome.phase == "Succeeded"
    created = [c.node_id for _, c in outcome.trace if isinstance(c, CreatePod)]
    assert created == [outcome.node(n)["id"] for n in ("b", "c", "wf.onExit")]
    assert outcome.node("a")["finishedAt"] == failed.node("a")["finishedAt"]
    assert outcome.node("a")["children"] == [outcome.node("b")["id"]]
    assert outcome.node("wf")["outboundNodes"] == [outcome.node("c")["id"]]
    assert outcome.state["status"]["progress"] == "4/4"


def engine_pod_name(outcome: Any, name: str) -> str:
    from executor.engine import tree

    return tree.pod_name(outcome.state, outcome.node(name))


def test_retry_of_a_retried_step_starts_over(run: Any) -> None:
    text = """
    entrypoint: main
    templates:
    - {name: main, steps: [[{name: a, template: ok}], [{name: b, template: bad}]]}
    - {name: ok, container: {image: alpine, command: [work]}}
    - {name: bad, retryStrategy: {limit: 1}, container: {image: alpine, command: [work]}}
    """
    failed = run(text, {"bad": FAILS})
    again, pods = engine.retry(failed.state, now=LATER)
    assert len(pods) == 2
    outcome = simulate(again, scripted({}), start=LATER)
    assert (outcome.phase, outcome.node("b")["phase"]) == ("Succeeded", "Succeeded")
    assert outcome.node("b")["children"] == [outcome.node("b(0)")["id"]]


def test_restart_of_a_successful_node(run: Any) -> None:
    done = run(CHAIN)
    again, _ = engine.retry(done.state, now=LATER, restart_successful=True, selector="displayName=b")
    outcome = simulate(again, scripted({}), start=LATER)
    created = [c.node_id for _, c in outcome.trace if isinstance(c, CreatePod)]
    assert created == [outcome.node(n)["id"] for n in ("b", "c", "wf.onExit")]


def test_retry_with_parameters(run: Any) -> None:
    text = """
    entrypoint: main
    arguments: {parameters: [{name: x, value: old}]}
    templates: [{name: main, container: {image: alpine, command: [echo], args: ["{{workflow.parameters.x}}"]}}]
    """
    again, _ = engine.retry(run(text, {"main": FAILS}).state, now=LATER, parameters={"x": "new"})
    outcome = simulate(again, scripted({}), start=LATER)
    (pod,) = [c.pod for _, c in outcome.trace if isinstance(c, CreatePod)]
    assert pod["spec"]["containers"][1]["args"] == ["new"]


def test_resubmit(run: Any, workflow: Any) -> None:
    failed = run(CHAIN, {"b": FAILS}).state
    fresh = engine.resubmit(failed)
    assert fresh["metadata"] == {
        "generateName": "wf-",
        "namespace": "argo",
        "labels": {"workflows.argoproj.io/resubmitted-from-workflow": "wf"},
        "annotations": {"workflows.argoproj.io/pod-name-format": "v2"},
    }
    assert (fresh["spec"], "status" in fresh) == (workflow(CHAIN)["spec"], False)


def test_memoized_resubmit_runs_only_what_failed(run: Any) -> None:
    failed = run(CHAIN, {"b": FAILS})
    fresh = engine.resubmit(failed.state, memoized=True, suffix="abcde")
    assert fresh["metadata"]["name"] == "wf-abcde"
    fresh["metadata"]["uid"] = "other"
    outcome = simulate(fresh, scripted({}), start=LATER)
    assert outcome.phase == "Succeeded"
    kept = outcome.node("a")
    assert (kept["type"], kept["phase"], kept["message"]) == (
        "Skipped",
        "Skipped",
        f"original pod: {failed.node('a')['id']}",
    )
    created = [c.node_id for _, c in outcome.trace if isinstance(c, CreatePod)]
    assert created == [outcome.node(n)["id"] for n in ("b", "c", "wf-abcde.onExit")]
    with pytest.raises(UserError, match="memoized mode"):
        engine.resubmit(run(CHAIN).state, memoized=True, suffix="abcde")


def test_tree_has_every_node_once(run: Any) -> None:
    from executor.engine import tree

    outcome = run(CHAIN)
    assert [(line.depth, line.node["displayName"]) for line in tree.lines(outcome.state)] == [
        (0, "wf"),
        (1, "a"),
        (1, "b"),
        (1, "c"),
        (0, "wf.onExit"),
    ]
