"""Simulations do not depend on the process that makes them: neither on its hash seed, nor on its clock, nor on its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CODE = """
import json, sys
from pathlib import Path
from executor.engine.simulate import START
from executor.local import smoke
from executor.local.testrun import trace_lines

outcomes = []
simulate = smoke.simulate

def kept(*args, **more):
    outcomes.append(simulate(*args, **more))
    return outcomes[-1]

smoke.simulate = kept
for place in sys.argv[1:]:
    for result in smoke.every_entrypoint([Path(place)]):
        print(result)
        for outcome in outcomes:
            print("\\n".join(trace_lines(outcome, START)))
            print(json.dumps(outcome.state))
        outcomes.clear()
"""


def test_two_processes_simulate_the_corpus_alike(shared: Path) -> None:
    places = [str(path) for path in sorted((shared / "corpus/real-world").iterdir())]

    def simulated(seed: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", CODE, *places], capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "TZ": ("UTC", "Asia/Kolkata")[seed]},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    first, second = simulated(0), simulated(1)
    different = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    assert different[:3] == []
    assert len(first) == len(second) > 2_000
