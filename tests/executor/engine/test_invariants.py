"""Promises of the engine under random workflows, orders of events, requests, clock jumps and restarts.

`ENGINE_PROPERTIES=slow` runs twenty times as many cases.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from executor.engine import phases
from tests.executor.engine.generate import workflows
from tests.executor.engine.world import World

SLOW = os.environ.get("ENGINE_PROPERTIES") == "slow"


def some(count: int) -> settings:
    return settings(
        max_examples=count * (20 if SLOW else 1),
        deadline=None,
        derandomize=not SLOW,
        # A workflow is small enough to be read as it was found, and making it smaller takes minutes.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


REQUESTS = st.lists(
    st.sampled_from(["suspend", "resume", "stop", "terminate", "jump", "retry"]), max_size=4
).map(tuple)


@some(60)
@given(workflows(), st.integers(0, 999), REQUESTS)
def test_promises_hold(workflow: dict[str, Any], seed: int, requests: tuple[str, ...]) -> None:
    state = World(workflow, seed, restarts=False, requests=requests).run()
    assert state["status"]["phase"] in phases.COMPLETED


@some(60)
@given(workflows(), st.integers(0, 999), REQUESTS)
def test_promises_hold_over_restarts(workflow: dict[str, Any], seed: int, requests: tuple[str, ...]) -> None:
    state = World(workflow, seed, restarts=True, requests=requests).run()
    assert state["status"]["phase"] in phases.COMPLETED
