"""A CronWorkflow that is run, simulated or tested is scheduled for the time of that run, not of the machine."""

from __future__ import annotations

import json

import pytest

from .conftest import Project

CRON = """apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedules: ["0 3 * * *"]
  workflowSpec:
    entrypoint: main
    templates:
    - name: main
      container: {image: alpine, command: [echo], args: ["{{workflow.scheduledTime}}"]}
"""
ANNOTATION = "workflows.argoproj.io/scheduled-time"


def test_simulations_of_crons_are_equal_whenever_they_are_made(project: Project) -> None:
    project.write("cron.yaml", CRON)
    done = project.argorun("simulate", "cron.yaml", "-o", "json", "--clock", "2026-03-29T00:59:00Z")
    assert json.loads(done.out)["metadata"]["annotations"][ANNOTATION] == "2026-03-29T00:59:00Z"
    trace = project.argorun("simulate", "cron.yaml", "-o", "trace").out
    assert "    echo 2026-01-01T00:00:00Z" in trace.splitlines()
    assert trace == project.argorun("simulate", "cron.yaml", "-o", "trace").out


def test_a_case_is_scheduled_for_its_clock(project: Project) -> None:
    project.write("cron.yaml", CRON)
    project.write(
        "cron.test.yaml",
        """
workflow: cron.yaml
cases:
- name: at night
  clock: 2026-02-03T03:00:00Z
  unmocked: succeed
  expect: {phase: Succeeded, rendered: {node: wf, contains: "echo 2026-02-03T03:00:00Z"}}
""",
    )
    done = project.argorun("test", "cron.test.yaml")
    assert done.code == 0, done.out + done.err


@pytest.mark.sandbox
def test_a_run_is_scheduled_for_the_time_that_is_asked_for(sandboxed: Project) -> None:
    sandboxed.write("cron.yaml", CRON)
    done = sandboxed.argorun("run", "cron/nightly", "--scheduled-time", "2026-02-03T03:00:00+01:00", "-q")
    assert (done.code, "2026-02-03T02:00:00Z" in sandboxed.argorun("logs", "@latest").out) == (0, True)
    wrong = sandboxed.argorun("run", "cron/nightly", "--scheduled-time", "3 o'clock")
    assert (wrong.code, wrong.err) == (
        2,
        "argorun: error: --scheduled-time 3 o'clock: not an RFC 3339 time\n  write 2026-03-29T00:59:00Z\n",
    )
