"""Exit handlers and lifecycle hooks."""

from __future__ import annotations

import json
from typing import Any

from executor.engine.simulate import Answer

FAILS = Answer(exit_code=1)
LEAF = "{name: work, container: {image: alpine, command: [work]}}"


def test_workflow_exit_handler_sees_status_and_failures(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        onExit: bye
        templates:
        - {name: main, container: {image: alpine, command: [work]}}
        - name: bye
          steps:
          - - {name: sad, template: say, when: "{{workflow.status}} != Succeeded", arguments: {parameters: [{name: x, value: "{{workflow.failures}}"}]}}
            - {name: glad, template: say, when: "{{workflow.status}} == Succeeded", arguments: {parameters: [{name: x, value: ""}]}}
        - {name: say, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}}
        """,
        {"main": FAILS},
    )
    assert (outcome.phase, outcome.state["status"]["message"]) == ("Failed", "main: Error (exit code 1)")
    assert table(outcome) == [
        "wf Pod Failed: main: Error (exit code 1)",
        "wf.onExit Steps Succeeded",
        "[0] StepGroup Succeeded",
        "sad Pod Succeeded",
        "glad Skipped Skipped: when 'Failed == Succeeded' evaluated false",
    ]
    assert "children" not in outcome.node("wf")
    assert outcome.node("wf.onExit")["nodeFlag"] == {"hooked": True}
    failures = json.loads(json.loads(outcome.node("sad")["inputs"]["parameters"][0]["value"]))
    assert failures == [
        {
            "displayName": "wf",
            "message": "main: Error (exit code 1)",
            "templateName": "main",
            "phase": "Failed",
            "podName": "wf",
            "finishedAt": "2026-01-01T00:00:01Z",
        }
    ]


def test_failed_exit_handler_fails_the_workflow(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        hooks: {exit: {template: bye}}
        templates:
        - {name: main, container: {image: alpine, command: [work]}}
        - {name: bye, container: {image: alpine, command: [work]}}
        """,
        {"bye": FAILS},
    )
    assert (outcome.phase, outcome.state["status"]["message"]) == ("Failed", "main: Error (exit code 1)")
    assert outcome.node("wf")["phase"] == "Succeeded"


def test_running_hook_of_a_workflow_fires_while_it_runs(run: Any, table: Any) -> None:
    outcome = run(
        f"""
        entrypoint: main
        hooks:
          running: {{template: work, expression: workflow.status == "Running"}}
          never: {{template: work, expression: workflow.status == "Failed"}}
        templates:
        - {{name: main, container: {{image: alpine, command: [work]}}}}
        - {LEAF}
        """,
        {"main": Answer(after=10), "work": Answer(after=1)},
    )
    assert table(outcome) == ["wf Pod Succeeded", "wf.hooks.running Pod Succeeded"]
    assert outcome.node("wf")["children"] == [outcome.node("wf.hooks.running")["id"]]


def test_step_hooks_get_outputs_and_the_group_waits_for_them(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - name: a
              template: say
              hooks:
                exit: {template: take, arguments: {parameters: [{name: x, value: "{{steps.a.outputs.result}}"}]}}
                running: {template: take, expression: 'steps.a.status == "Running"', arguments: {parameters: [{name: x, value: r}]}}
                lost: {template: take, expression: 'steps["a"].status == "Failed"', arguments: {parameters: [{name: x, value: l}]}}
          - - {name: b, template: say}
        - {name: say, script: {image: a, command: [sh], source: x}}
        - {name: take, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}}
        """,
        {"a": Answer(result="42", after=5), "a.onExit": Answer(after=10)},
    )
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "a Pod Succeeded",
        "a.hooks.running Pod Succeeded",
        "a.onExit Pod Succeeded",
        "[1] StepGroup Succeeded",
        "b Pod Succeeded",
    ]
    assert outcome.node("a.onExit")["inputs"]["parameters"] == [{"name": "x", "value": "42"}]
    assert outcome.node("[1]")["startedAt"] == "2026-01-01T00:00:15Z"


def test_failed_exit_hook_fails_neither_its_step_nor_its_task(run: Any) -> None:
    steps = f"""
    entrypoint: main
    templates:
    - name: main
      steps: [[{{name: a, template: work, hooks: {{exit: {{template: bad}}}}}}]]
    - {LEAF}
    - {{name: bad, container: {{image: alpine, command: [work]}}}}
    """
    assert run(steps, {"bad": FAILS}).phase == "Succeeded"
    dag = steps.replace("steps: [[", "dag: {tasks: [").replace("}]]", "}]}")
    outcome = run(dag, {"bad": FAILS})
    assert (outcome.phase, outcome.node("a")["phase"], outcome.node("a.onExit")["phase"]) == (
        "Succeeded",
        "Succeeded",
        "Failed",
    )


def test_dependents_wait_for_the_exit_hook(run: Any) -> None:
    outcome = run(
        f"""
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {{name: a, template: work, onExit: slow}}
            - {{name: b, template: work, depends: a}}
        - {LEAF}
        - {{name: slow, container: {{image: alpine, command: [work]}}}}
        """,
        {"slow": Answer(after=20)},
    )
    assert outcome.phase == "Succeeded"
    assert outcome.node("b")["startedAt"] == "2026-01-01T00:00:21Z"


def test_exit_hooks_do_not_run_for_skipped_steps(run: Any, table: Any) -> None:
    outcome = run(f"""
        entrypoint: main
        templates:
        - name: main
          steps: [[{{name: a, template: work, when: "1 == 2", hooks: {{exit: {{template: work}}}}}}]]
        - {LEAF}
    """)
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "a Skipped Skipped: when '1 == 2' evaluated false",
    ]


def test_hooks_of_a_retried_step_count_as_no_attempt(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps: [[{name: a, template: again, hooks: {exit: {template: take, arguments: {parameters: [{name: x, value: "{{steps.a.outputs.result}}"}]}}}}]]
        - {name: again, retryStrategy: {limit: 3}, script: {image: a, command: [sh], source: x}}
        - {name: take, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}}
        """,
        {"again": [FAILS, Answer(result="ok")]},
    )
    children = [outcome.state["status"]["nodes"][c]["displayName"] for c in outcome.node("a")["children"]]
    assert children == ["a(0)", "a(1)", "a.onExit"]
    assert outcome.node("a.onExit")["inputs"]["parameters"] == [{"name": "x", "value": "ok"}]


def test_stop_runs_exit_handlers_and_terminate_does_not(run: Any) -> None:
    spec = f"""
    entrypoint: main
    onExit: work
    templates:
    - {{name: main, steps: [[{{name: a, template: long}}], [{{name: b, template: work}}]]}}
    - {{name: long, container: {{image: alpine, command: [work]}}}}
    - {LEAF}
    """
    slow = {"long": Answer(after=100)}
    stopped = run(spec, slow, shut_down={5.0: "Stop"})
    assert (stopped.phase, stopped.state["status"]["message"]) == ("Failed", "Stopped with strategy 'Stop'")
    assert stopped.node("a")["message"] == "workflow shutdown with strategy:  Stop"
    assert stopped.node("wf.onExit")["phase"] == "Succeeded"
    killed = run(spec, slow, shut_down={5.0: "Terminate"})
    assert (killed.phase, killed.state["status"]["message"]) == (
        "Failed",
        "Stopped with strategy 'Terminate'",
    )
    assert "wf.onExit" not in [n["name"] for n in killed.state["status"]["nodes"].values()]


def test_deadline_ends_the_workflow_but_not_its_exit_handler(run: Any) -> None:
    outcome = run(
        f"""
        entrypoint: main
        activeDeadlineSeconds: 10
        onExit: late
        templates:
        - {{name: main, steps: [[{{name: a, template: work}}, {{name: b, template: pause}}]]}}
        - {{name: pause, suspend: {{}}}}
        - {LEAF}
        - {{name: late, container: {{image: alpine, command: [work]}}}}
        """,
        {"work": Answer(after=100), "late": Answer(after=30)},
    )
    assert outcome.phase == "Failed"
    assert outcome.node("a")["phase"] == "Failed"
    assert outcome.node("b")["message"] == "Step exceeded its deadline"
    assert outcome.node("wf.onExit")["phase"] == "Succeeded"
