"""How fast the engine is. Nothing is asserted about time; `make bench` prints it.

Each figure stands beside a reference of the same run: the same number of round trips of one node through a dict copy and
JSON, which is the least that any engine with JSON objects must do. The growth exponent is 1 where time is linear in size.
"""

from __future__ import annotations

import json
import math
import resource
import time
from collections.abc import Callable
from functools import partial
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


def fan_out(count: int) -> dict[str, Any]:
    """One step with `count` items."""
    step_of_loop = {"name": "a", "template": "work", "withSequence": {"count": str(count)}}
    spec = {"entrypoint": "main", "templates": [{"name": "main", "steps": [[step_of_loop]]}, LEAF]}
    return new_workflow({"spec": spec}, name="bench", uid="bench", now=START)


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process's time (other processes of the machine do not count), and the result."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def reference(count: int) -> float:
    """Seconds for `count` round trips of a node through a copy and JSON."""
    node = {
        "id": "bench-1",
        "name": "bench.t1",
        "phase": "Running",
        "inputs": {"parameters": [{"name": "a", "value": "b"}]},
    }

    def trips() -> None:
        for _ in range(count):
            json.loads(json.dumps(dict(node)))

    return cpu(trips)[0]


@pytest.mark.bench
@pytest.mark.parametrize("width", [1, 10, 1000])
def test_a_dag_of_1000_tasks(width: int) -> None:
    half, _ = cpu(lambda: simulate(dag(500, min(width, 500))))
    seconds, outcome = cpu(lambda: simulate(dag(1000, width)))
    assert (outcome.phase, outcome.state["status"]["progress"]) == ("Succeeded", "1000/1000")
    print(
        f"\n1000 tasks, {width} wide: {seconds:.2f} s, {outcome.passes} passes, {2000 / seconds:.0f} transitions/s, "
        f"growth exponent {math.log2(seconds / half):.2f}, {seconds / reference(2000):.0f} x reference"
    )


@pytest.mark.bench
def test_a_fan_out_of_10000() -> None:
    part, _ = cpu(lambda: simulate(fan_out(2500)))
    seconds, outcome = cpu(lambda: simulate(fan_out(10_000)))
    assert (outcome.phase, outcome.state["status"]["progress"]) == ("Succeeded", "10000/10000")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n10000 items: {seconds:.2f} s, growth exponent {math.log(seconds / part, 4):.2f}, "
        f"{seconds / reference(20_000):.0f} x reference, at most {peak:.0f} MiB in this process so far"
    )


@pytest.mark.bench
def test_one_observation_among_5000_nodes() -> None:
    step = advance(fan_out(5000), (), START, Context())
    pods = [c.pod for c in step.commands if isinstance(c, CreatePod)]
    assert len(pods) == 5000
    times = []
    for pod in pods[:50]:
        seen = [PodObserved(with_status(pod, "Running", START, {}, None))]
        seconds, step = cpu(partial(advance, step.state, seen, START, Context()))
        times.append(seconds)
    running = [
        n for n in step.state["status"]["nodes"].values() if n["type"] == "Pod" and n["phase"] == "Running"
    ]
    assert len(running) == 50
    print(
        f"\none observation among 5000 nodes: median {sorted(times)[25] * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms, "
        f"{sorted(times)[25] / reference(100) * 100:.0f} x reference"
    )
