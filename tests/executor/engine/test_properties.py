"""Random workflows, random interleavings, and a restart from JSON after every pass."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.engine import advance, new_workflow, phases
from executor.engine.contract import Context, CreatePod, PodObserved, TaskResultObserved
from executor.engine.simulate import START, Answer, simulate, task_result, with_status

NAMES = "abcdef"
LEAVES = [
    {"name": "work", "container": {"image": "alpine", "command": ["work"]}},
    {"name": "again", "retryStrategy": {"limit": 1}, "container": {"image": "alpine", "command": ["work"]}},
    {"name": "say", "script": {"image": "python", "command": ["python"], "source": "print(1)"}},
]
LEAF_NAMES = st.sampled_from([leaf["name"] for leaf in LEAVES])
LOOPS = st.sampled_from([{}, {}, {}, {"withItems": [1, 2]}, {"withParam": "[]"}])
WHENS = st.sampled_from([{}, {}, {"when": "1 == 2"}, {"when": "1 == 1"}])
HOOKS = st.sampled_from([{}, {}, {}, {"hooks": {"exit": {"template": "work"}}}])


@st.composite
def holders(draw: Any, count: int, template: Any) -> list[dict[str, Any]]:
    return [
        {"name": NAMES[n], "template": draw(template), **draw(LOOPS), **draw(WHENS), **draw(HOOKS)}
        for n in range(count)
    ]


@st.composite
def groups(draw: Any, name: str, inner: Any) -> dict[str, Any]:
    found = draw(holders(draw(st.integers(1, 5)), inner))
    if draw(st.booleans()):
        for holder in found:
            if draw(st.integers(0, 3)) == 0:
                holder["continueOn"] = {"failed": True}
        cut = draw(st.integers(0, len(found)))
        return {"name": name, "steps": [g for g in (found[:cut], found[cut:]) if g]}
    for index, holder in enumerate(found):
        results = st.sampled_from(["", ".Succeeded", ".Failed", ".Skipped"])
        needed = [f"{o['name']}{draw(results)}" for o in found[:index] if draw(st.integers(0, 2)) == 0]
        if needed:
            holder["depends"] = draw(st.sampled_from([" && ", " || "])).join(needed)
    return {"name": name, "dag": {"tasks": found, "failFast": draw(st.booleans())}}


@st.composite
def workflows(draw: Any) -> dict[str, Any]:
    inner = draw(groups("inner", LEAF_NAMES))
    main = draw(groups("main", st.one_of(LEAF_NAMES, st.just("inner"))))
    spec = {"entrypoint": "main", "templates": [main, inner, *LEAVES]}
    if draw(st.booleans()):
        spec["onExit"] = "work"
    if draw(st.integers(0, 3)) == 0:
        spec["parallelism"] = draw(st.integers(1, 3))
    return new_workflow({"metadata": {"namespace": "argo"}, "spec": spec}, name="wf", uid="uid", now=START)


def result_of(node_id: str, seed: int) -> Answer:
    """Every pod's fate depends on its node and the seed alone, never on the order of events."""
    fate = random.Random(f"{node_id}{seed}").random()
    return Answer(exit_code=1) if fate < 0.25 else Answer(result="1")


def reload(state: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(state))


def outcome_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """What must not depend on the order of events."""
    return {
        "phase": state["status"]["phase"],
        "nodes": {n["name"]: (n["type"], n["phase"]) for n in state["status"]["nodes"].values()},
    }


def check_step(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    old, new = before.get("status") or {}, after["status"]
    if old.get("phase") in phases.COMPLETED:
        assert new["phase"] == old["phase"]
    for identity, node in (old.get("nodes") or {}).items():
        assert identity in new["nodes"]
        if phases.phase_fulfilled(node):
            assert new["nodes"][identity]["phase"] == node["phase"]
            assert new["nodes"][identity].get("finishedAt") == node.get("finishedAt")


def drive(
    workflow: Mapping[str, Any], seed: int, order: random.Random, *, restart: bool
) -> Mapping[str, Any]:
    """Run a workflow, its pods moving one step at a time in a random order."""
    state, now, context = workflow, START, Context()
    pods: dict[str, tuple[str, Any]] = {}
    stage: dict[str, int] = {}
    observations: list[Any] = []
    for _ in range(2000):
        snapshot = json.dumps(state, sort_keys=True)
        step = advance(state, tuple(observations), now, context)
        assert json.dumps(state, sort_keys=True) == snapshot, "the state that was passed in was changed"
        if step.changed:
            check_step(state, step.state)
        state = reload(step.state) if restart else step.state
        for command in step.commands:
            if isinstance(command, CreatePod):
                name = command.pod["metadata"]["name"]
                if name in pods:
                    assert restart, f"pod {name} was asked for twice"
                    assert pods[name][1] == command.pod
                    continue
                pods[name] = (command.node_id, command.pod)
                stage[name] = 0
        open_pods = sorted(name for name in pods if stage[name] < 2)
        if state["status"].get("phase") in phases.COMPLETED:
            assert not open_pods
            return state
        assert open_pods, f"nothing can move: {json.dumps(state['status'])}"
        observations = []
        for name in order.sample(open_pods, order.randint(1, len(open_pods))):
            node_id, pod = pods[name]
            answer = result_of(node_id, seed)
            stage[name] += 1
            if stage[name] == 1:
                observations.append(PodObserved(with_status(pod, "Running", now, {}, None)))
            else:
                phase = "Failed" if answer.exit_code else "Succeeded"
                observations.append(TaskResultObserved(task_result(node_id, pod, answer)))
                observations.append(PodObserved(with_status(pod, phase, now, {}, answer.exit_code)))
        now += timedelta(seconds=1)
    raise AssertionError("the workflow does not end")


SETTINGS = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SETTINGS
@given(workflows(), st.integers(0, 99), st.integers(0, 99))
def test_the_outcome_depends_on_the_pods_alone(workflow: dict[str, Any], seed: int, order: int) -> None:
    straight = drive(workflow, seed, random.Random(order), restart=False)
    other = drive(workflow, seed, random.Random(order + 1), restart=False)
    restarted = drive(workflow, seed, random.Random(order), restart=True)
    assert outcome_of(other) == outcome_of(straight)
    assert outcome_of(restarted) == outcome_of(straight)
    for node in straight["status"]["nodes"].values():
        assert phases.phase_fulfilled(node)
        assert node.get("finishedAt")


@settings(SETTINGS, max_examples=60)
@given(workflows(), st.integers(0, 99))
def test_a_restart_gives_the_very_same_state(workflow: dict[str, Any], seed: int) -> None:
    def answers(ask: Any) -> Answer:
        return result_of(ask.node_id, seed)

    assert simulate(workflow, answers).state == simulate(workflow, answers, between=reload).state


@settings(SETTINGS, max_examples=60)
@given(workflows(), st.integers(0, 99), st.sampled_from(["Stop", "Terminate"]), st.floats(0, 4))
def test_a_shutdown_always_ends(workflow: dict[str, Any], seed: int, how: str, at: float) -> None:
    def answers(ask: Any) -> Answer:
        return result_of(ask.node_id, seed)

    outcome = simulate(workflow, answers, shut_down={at: how})
    assert outcome.phase in phases.COMPLETED
    assert outcome.waiting == ()
