"""argorun is killed at random moments and resumed: the run ends as it would have, and nothing that reported runs again.

`ARGORUN_KILLS` says how many runs are killed (default 3; `make run-kills` takes 60); the seed is in the test's name.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter

import pytest

from .conftest import HEAD, Project
from .test_faults import gone

pytestmark = pytest.mark.sandbox
KILLS = int(os.environ.get("ARGORUN_KILLS", "3"))
MARK = f"16.{os.getpid():08d}"  # a sleep that only these runs have

WORKFLOW = f"""{HEAD}spec:
  entrypoint: main
  onExit: bye
  volumes: [{{name: v, persistentVolumeClaim: {{claimName: c}}}}]
  templates:
  - name: main
    dag:
      tasks:
      - {{name: list, template: list}}
      - name: each
        template: each
        depends: list
        withParam: "{{{{tasks.list.outputs.result}}}}"
        arguments: {{parameters: [{{name: i, value: "{{{{item}}}}"}}]}}
      - {{name: flaky, template: flaky, depends: list}}
      - name: sum
        template: sum
        depends: each && flaky
        arguments:
          parameters: [{{name: all, value: "{{{{tasks.each.outputs.parameters.double}}}}"}}]
          artifacts: [{{name: f, from: "{{{{tasks.list.outputs.artifacts.f}}}}"}}]
  - name: list
    script: {{image: alpine, command: [sh], source: "echo list >> /v/log; echo kept > /tmp/f; echo '[1, 2, 3]'", volumeMounts: [{{name: v, mountPath: /v}}]}}
    outputs: {{artifacts: [{{name: f, path: /tmp/f}}]}}
  - name: each
    inputs: {{parameters: [{{name: i}}]}}
    script: {{image: alpine, command: [sh], source: "(sleep {MARK} &) ; sleep 0.2; echo each-{{{{inputs.parameters.i}}}} >> /v/log; echo $(({{{{inputs.parameters.i}}}} * 2)) > /tmp/d", volumeMounts: [{{name: v, mountPath: /v}}]}}
    outputs: {{parameters: [{{name: double, valueFrom: {{path: /tmp/d}}}}]}}
  - name: flaky
    retryStrategy: {{limit: 2}}
    script: {{image: alpine, command: [sh], source: "echo flaky-{{{{retries}}}} >> /v/log; sleep 0.1; test {{{{retries}}}} -ge 1", volumeMounts: [{{name: v, mountPath: /v}}]}}
  - name: sum
    inputs: {{parameters: [{{name: all}}], artifacts: [{{name: f, path: /in}}]}}
    script: {{image: alpine, command: [sh], source: "echo sum >> /v/log; echo '{{{{inputs.parameters.all}}}}' $(cat /in)", volumeMounts: [{{name: v, mountPath: /v}}]}}
    outputs: {{parameters: [{{name: end, globalName: end, value: "{{{{inputs.parameters.all}}}}"}}]}}
  - name: bye
    script: {{image: alpine, command: [sh], source: "echo bye-{{{{workflow.status}}}} >> /v/log", volumeMounts: [{{name: v, mountPath: /v}}]}}
"""
STEPS = {"list", "each-1", "each-2", "each-3", "flaky-0", "flaky-1", "sum", "bye-Succeeded"}


def _lines(project: Project) -> Counter[str]:
    log = project.path / ".argolint/volumes/default/c/log"
    return Counter(log.read_text().split()) if log.exists() else Counter()


def _reported(project: Project) -> set[str]:
    """The steps whose end is written down."""
    found = set()
    for path in (project.path / ".argolint/runs/wf/pods").glob("*/final.json"):
        sealed = json.loads(path.read_text())
        template = json.loads(
            next(
                e["value"]
                for e in sealed["pod"]["spec"]["initContainers"][0]["env"]
                if e["name"] == "ARGO_TEMPLATE"
            )
        )
        source = template["script"]["source"]
        found.add(next(word for word in STEPS if f"echo {word} >>" in source))
    return found


def _kill_after(process: subprocess.Popen[str], seconds: float) -> bool:
    """Kill it after a while; False if it had ended before."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    return True


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_killed_run_goes_on_and_repeats_nothing_that_reported(sandboxed: Project, seed: int) -> None:
    chance = random.Random(seed)
    sandboxed.write("wf.yaml", WORKFLOW)
    words = ["run", "wf.yaml", "--no-lint"]
    for _ in range(chance.choice([1, 1, 2, 3])):
        process = sandboxed.start(*words)
        killed = _kill_after(process, chance.uniform(0.15, 2.2))
        process.communicate(timeout=60)
        if not killed:
            break
        if not (sandboxed.path / ".argolint/runs/wf/workflow.json").exists():
            continue  # killed before there was a run: the user starts it again
        words = ["resume", "wf"]
        before, reported = _lines(sandboxed), _reported(sandboxed)
        assert gone(f"sleep\0{MARK}")
        sandboxed.done = {name: before[name] for name in reported}  # type: ignore[attr-defined]
    done = getattr(sandboxed, "done", {})
    if words[0] == "resume" or not (sandboxed.path / ".argolint/runs/wf/run.json").exists():
        last = sandboxed.argorun(*words)
        ended_before = "has ended" in last.err
        assert last.code == 0 or ended_before, last
    state = sandboxed.state()
    assert state["status"]["phase"] == "Succeeded", (seed, state["status"].get("message"))
    assert state["status"]["outputs"]["parameters"] == [{"name": "end", "value": '["2","4","6"]'}]
    lines = _lines(sandboxed)
    assert set(lines) == STEPS
    assert {name: lines[name] for name in done} == done, seed
    assert gone(f"sleep\0{MARK}")
