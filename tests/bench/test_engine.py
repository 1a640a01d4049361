"""How fast the engine is. Nothing is asserted about time; `make bench` prints it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from executor.engine import advance, new_workflow
from executor.engine.contract import Context, CreatePod, PodObserved
from executor.engine.simulate import START, simulate, with_status

LEAF = {"name": "work", "container": {"image": "alpine", "command": ["work"]}}


def dag(size: int, width: int) -> dict[str, Any]:
    """`size` tasks in layers of `width`, each depending on two of the layer before."""
    tasks: list[dict[str, Any]] = []
    for n in range(size):
        needed = [f"t{n - width}"] if n >= width else []
        if n > width:
            needed.append(f"t{n - width - 1}")
        tasks.append({"name": f"t{n}", "template": "work", **({"dependencies": needed} if needed else {})})
    spec = {"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": tasks}}, LEAF]}
    return new_workflow({"spec": spec}, name="bench", uid="bench", now=START)


@pytest.mark.bench
@pytest.mark.parametrize("width", [1, 10, 1000])
def test_a_dag_of_1000_tasks(width: int) -> None:
    begun = time.perf_counter()
    outcome = simulate(dag(1000, width))
    seconds = time.perf_counter() - begun
    assert (outcome.phase, outcome.state["status"]["progress"]) == ("Succeeded", "1000/1000")
    print(
        f"\n1000 tasks, {width} wide: {seconds:.2f} s, {outcome.passes} passes, {2000 / seconds:.0f} transitions/s"
    )


@pytest.mark.bench
def test_one_observation_among_5000_nodes() -> None:
    step_of_loop = {"name": "a", "template": "work", "withSequence": {"count": "5000"}}
    spec = {"entrypoint": "main", "templates": [{"name": "main", "steps": [[step_of_loop]]}, LEAF]}
    workflow = new_workflow({"spec": spec}, name="bench", uid="bench", now=START)
    step = advance(workflow, (), START, Context())
    pods = [c.pod for c in step.commands if isinstance(c, CreatePod)]
    assert len(pods) == 5000
    times = []
    for pod in pods[:50]:
        begun = time.perf_counter()
        step = advance(
            step.state, [PodObserved(with_status(pod, "Running", START, {}, None))], START, Context()
        )
        times.append(time.perf_counter() - begun)
    assert (
        sum(n["phase"] == "Running" for n in step.state["status"]["nodes"].values() if n["type"] == "Pod")
        == 50
    )
    print(
        f"\none observation among 5000 nodes: median {sorted(times)[25] * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms"
    )
