"""Mutexes, semaphores, parallelism and memoization."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from executor.engine import advance, locks
from executor.engine.contract import Context, CreatePod, PodObserved, PutConfigMapKey
from executor.engine.simulate import START, Answer, with_status

LOOP = """
entrypoint: main
templates:
- {name: main, steps: [[{name: a, template: work, withItems: [1, 2, 3]}]]}
- {name: work, %s, container: {image: alpine, command: [work]}}
"""


def starts(outcome: Any) -> list[str]:
    """When the pods were created, in seconds since the start."""
    return [str(int((at - START).total_seconds())) for at, c in outcome.trace if isinstance(c, CreatePod)]


def test_a_mutex_lets_one_pod_at_a_time_run(run: Any) -> None:
    outcome = run(LOOP % "synchronization: {mutexes: [{name: door}]}", {"work": Answer(after=10)})
    assert outcome.phase == "Succeeded"
    assert starts(outcome) == ["0", "10", "20"]
    assert "synchronization" not in outcome.state["status"]
    assert "synchronizationStatus" not in outcome.node("a(2:3)")


def test_a_node_that_waits_says_so(run: Any) -> None:
    states: list[Any] = []

    def look(state: Any) -> Any:
        states.append(state)
        return state

    run(LOOP % "synchronization: {mutexes: [{name: door}]}", between=look)
    first = states[0]["status"]
    waiting = next(n for n in first["nodes"].values() if n["displayName"] == "a(1:2)")
    assert waiting["phase"] == "Pending"
    assert waiting["synchronizationStatus"] == {"waiting": "argo/Mutex/door"}
    assert waiting["message"] == "Waiting for argo/Mutex/door lock. Lock status: 0/1"
    holder = next(n["id"] for n in first["nodes"].values() if n["displayName"] == "a(0:1)")
    assert first["synchronization"] == {
        "mutex": {
            "holding": [{"mutex": "argo/Mutex/door", "holder": f"argo/wf/{holder}"}],
            "waiting": [{"mutex": "argo/Mutex/door", "holder": f"argo/wf/{holder}"}],
        }
    }


def test_a_semaphore_takes_its_limit_from_a_config_map(run: Any) -> None:
    block = "synchronization: {semaphores: [{configMapKeyRef: {name: sizes, key: work}}]}"
    context = Context(config_maps={("argo", "sizes"): {"data": {"work": "2"}}})
    outcome = run(LOOP % block, {"work": Answer(after=10)}, context)
    assert starts(outcome) == ["0", "0", "10"]
    missing = run(LOOP % block)
    assert missing.phase == "Failed"
    assert 'configmaps "sizes" not found' in missing.node("a(0:1)")["message"]


def test_workflows_queue_for_a_mutex_by_priority(workflow: Callable[..., Any]) -> None:
    spec = "{entrypoint: main, priority: %d, synchronization: {mutexes: [{name: m}]}, templates: [{name: main, container: {image: a, command: [c]}}]}"
    first, low, high = (workflow(spec % p, name=n) for p, n in ((0, "first"), (1, "low"), (9, "high")))
    known = locks.EMPTY

    def move(state: Any, observations: Any = ()) -> Any:
        nonlocal known
        step = advance(state, observations, START, Context(locks=known))
        known = locks.observe(known, step.state)
        return step

    one = move(first)
    low, high = move(low).state, move(high).state
    assert [s["status"]["phase"] for s in (one.state, low, high)] == ["Running", "Pending", "Pending"]
    assert low["status"]["message"] == "Waiting for argo/Mutex/m lock. Lock status: 0/1"
    before = known
    (pod,) = [c.pod for c in one.commands if isinstance(c, CreatePod)]
    ended = move(one.state, [PodObserved(with_status(pod, "Succeeded", START, {}, 0))])
    assert ended.state["status"]["phase"] == "Succeeded"
    assert locks.woken(before, known) == {"argo/low", "argo/high"}
    assert move(low).state["status"]["phase"] == "Pending"
    assert move(high).state["status"]["phase"] == "Running"
    assert known.holders("argo/Mutex/m") == ["argo/high"]


def test_spec_parallelism(run: Any) -> None:
    outcome = run("parallelism: 2\n" + (LOOP % "daemon: false").strip(), {"work": Answer(after=10)})
    assert starts(outcome) == ["0", "0", "10"]


def test_template_parallelism_counts_retried_children(run: Any) -> None:
    text = LOOP % "retryStrategy: {limit: 1}"
    outcome = run(
        text.replace("{name: main, steps", "{name: main, parallelism: 1, steps"), {"work": Answer(after=10)}
    )
    assert starts(outcome) == ["0", "10", "20"]


def test_template_fail_fast(run: Any) -> None:
    text = (LOOP % "daemon: false").replace(
        "{name: main, steps", "{name: main, parallelism: 1, failFast: true, steps"
    )
    outcome = run(text, {"a(0:1)": Answer(exit_code=1)})
    assert outcome.phase == "Failed"
    assert outcome.node("wf")["message"] == "template has failed or errored children and failFast enabled"
    assert len(starts(outcome)) == 1


MEMO = """
entrypoint: main
templates:
- {name: main, steps: [[{name: a, template: work}], [{name: b, template: work}]]}
- name: work
  memoize: {key: k1, maxAge: 1h, cache: {configMap: {name: cache}}}
  container: {image: alpine, command: [work]}
  outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}
"""


def test_memoization_hits_what_an_earlier_step_wrote(run: Any) -> None:
    outcome = run(MEMO, {"a": Answer(parameters={"x": "7"})})
    assert outcome.phase == "Succeeded"
    (put,) = [c for _, c in outcome.trace if isinstance(c, PutConfigMapKey)]
    assert (put.namespace, put.name, put.key) == ("argo", "cache", "k1")
    assert json.loads(put.value)["nodeID"] == outcome.node("a")["id"]
    hit = outcome.node("b")
    assert hit["memoizationStatus"] == {"hit": True, "key": "k1", "cacheName": "cache"}
    assert (hit["type"], hit["phase"], hit["outputs"]["parameters"][0]["value"]) == ("Pod", "Succeeded", "7")
    assert len(starts(outcome)) == 1


def test_a_bad_cache_key_is_an_error(run: Any) -> None:
    outcome = run(MEMO.replace("key: k1", 'key: "a b"'))
    assert outcome.node("a")["phase"] == "Error"
    assert outcome.node("a")["message"].startswith("invalid cache key: a b.")
