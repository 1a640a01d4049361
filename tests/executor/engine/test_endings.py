"""Workflows that once did not come to their end."""

from __future__ import annotations

from typing import Any

from executor.engine.simulate import Answer

FAILS = Answer(exit_code=1)
LEAF = "{name: work, container: {image: a, command: [c]}}"


def test_dependents_of_a_group_that_failed_fast_are_reached(run: Any, table: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
templates:
- {{name: main, dag: {{tasks: [{{name: a, template: inner}}, {{name: b, template: work, depends: a}}]}}}}
- {{name: inner, failFast: true, steps: [[{{name: x, template: work}}]]}}
- {LEAF}
""",
        {"x": FAILS},
    )
    assert outcome.phase == "Failed"
    assert "b Skipped Omitted: omitted: depends condition not met" in table(outcome)


def test_fail_fast_looks_at_the_attempts_of_a_retried_group(run: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
templates:
- {{name: main, steps: [[{{name: a, template: inner}}]]}}
- {{name: inner, failFast: true, parallelism: 1, retryStrategy: {{limit: 1}}, steps: [[{{name: x, template: work}}, {{name: y, template: work}}]]}}
- {LEAF}
""",
        {"x": FAILS},
    )
    assert (outcome.phase, outcome.node("a")["message"]) == ("Failed", "No more retries left")
    assert outcome.waiting == ()


def test_a_workflow_hook_that_ends_last_lets_the_root_dag_end(run: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
hooks: {{running: {{template: slow, expression: "workflow.status == 'Running'"}}}}
templates:
- {{name: main, dag: {{tasks: [{{name: a, template: work}}]}}}}
- {{name: slow, container: {{image: a, command: [c]}}}}
- {LEAF}
""",
        {"slow": Answer(after=9.0)},
    )
    assert (outcome.phase, outcome.waiting) == ("Succeeded", ())


def test_exit_hooks_of_a_loop_run_to_their_end(run: Any, table: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
templates:
- {{name: main, dag: {{tasks: [{{name: a, template: work, withItems: [1, 2], hooks: {{exit: {{template: pair}}}}}}, {{name: b, template: work, depends: a}}]}}}}
- {{name: pair, steps: [[{{name: one, template: work}}], [{{name: two, template: work}}]]}}
- {LEAF}
"""
    )
    lines = table(outcome)
    assert outcome.phase == "Succeeded"
    assert [line for line in lines if "onExit" in line and "Steps" in line] == [
        "a(0:1).onExit Steps Succeeded",
        "a(1:2).onExit Steps Succeeded",
    ]
    assert lines[-1] == "b Pod Succeeded"


def test_a_sibling_of_what_timed_out_is_not_left_behind(run: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
templates:
- {{name: main, steps: [[{{name: late, template: late}}, {{name: long, template: work}}]]}}
- {{name: late, timeout: 5s, container: {{image: a, command: [c]}}}}
- {LEAF}
""",
        {"late": Answer(pending=60.0), "long": Answer(after=100.0)},
    )
    assert outcome.state["status"]["message"] == "child 'wf[0].late' timedout"
    long = outcome.node("long")
    assert (long["phase"], long["message"]) == ("Failed", "workflow ended: Failed")


def test_the_lock_of_a_group_that_was_ended_from_outside_is_free_again(run: Any) -> None:
    outcome = run(
        f"""
entrypoint: main
retryStrategy: {{limit: 1}}
templates:
- {{name: main, failFast: true, dag: {{tasks: [{{name: a, template: inner}}]}}}}
- {{name: inner, failFast: true, synchronization: {{mutexes: [{{name: m}}]}}, steps: [[{{name: x, template: work}}]]}}
- {LEAF}
""",
        {"x": FAILS},
    )
    assert (outcome.phase, outcome.waiting) == ("Failed", ())
    assert "synchronization" not in outcome.state["status"]


def test_members_of_a_container_set_exist_only_with_its_pod(run: Any, table: Any) -> None:
    outcome = run(
        "{entrypoint: set, templates: [{name: set, containerSet: {containers: [{name: main, image: a, command: [c],"
        " volumeMounts: [{name: v, mountPath: /v}]}]}}]}"
    )
    assert table(outcome) == ["wf Pod Error: volume 'v' not found in workflow spec"]


def test_an_exit_handler_that_is_terminated_fails_the_workflow(run: Any, table: Any) -> None:
    outcome = run(
        f"""
entrypoint: work
onExit: tidy
templates:
- {{name: tidy, steps: [[{{name: slow, template: work}}]]}}
- {LEAF}
""",
        {"slow": Answer(after=60.0)},
        shut_down={10.0: "Terminate"},
    )
    assert (outcome.phase, outcome.state["status"]["message"]) == (
        "Failed",
        outcome.node("wf.onExit")["message"],
    )
    assert table(outcome) == [
        "wf Pod Succeeded",
        "wf.onExit Steps Failed: child 'wf-2172648146' failed",
        "[0] StepGroup Failed: child 'wf-2172648146' failed",
        "slow Pod Failed: workflow shutdown with strategy:  Terminate",
    ]


def test_what_a_failed_task_did_not_report_is_an_error_not_a_wait(run: Any, table: Any) -> None:
    outcome = run(
        """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: a, template: make, continueOn: {failed: true}}
    - name: b
      template: use
      dependencies: [a]
      arguments: {parameters: [{name: x, value: "got {{tasks.a.outputs.parameters.x}}"}]}
- name: make
  outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}
  container: {image: a, command: [c]}
- name: use
  inputs: {parameters: [{name: x}]}
  container: {image: a, command: [c]}
""",
        {"a": FAILS},
    )
    assert (outcome.phase, outcome.waiting) == ("Error", ())
    assert table(outcome)[-1] == "b Skipped Error: failed to resolve {{tasks.a.outputs.parameters.x}}"


def test_what_a_failed_step_did_not_report_fails_the_steps(run: Any, table: Any) -> None:
    outcome = run(
        """
entrypoint: main
templates:
- name: main
  steps:
  - [{name: a, template: make, continueOn: {failed: true}}]
  - [{name: b, template: use, arguments: {parameters: [{name: x, value: "{{=steps.a.outputs.parameters.x + '!'}}"}]}}]
- name: make
  outputs: {parameters: [{name: x, valueFrom: {path: /x}}]}
  container: {image: a, command: [c]}
- name: use
  inputs: {parameters: [{name: x}]}
  container: {image: a, command: [c]}
""",
        {"a": FAILS},
    )
    assert (outcome.phase, outcome.waiting) == ("Failed", ())
    assert table(outcome)[-1] == "[1] StepGroup Error: failed to resolve {{steps.a.outputs.parameters.x}}"


def test_an_output_of_a_loop_that_skipped_every_item_is_an_error_not_a_wait(run: Any) -> None:
    outcome = run(
        """
entrypoint: main
templates:
- name: main
  dag:
    tasks:
    - {name: a, template: make, withItems: [1, 2], when: "{{item}} == 3"}
    - {name: b, template: use, depends: a, arguments: {parameters: [{name: x, value: "{{tasks.a.outputs.parameters.x}}"}]}}
- name: make
  outputs: {parameters: [{name: x, valueFrom: {path: /x, default: "7"}}]}
  container: {image: a, command: [c]}
- name: use
  inputs: {parameters: [{name: x}]}
  container: {image: a, command: [c]}
"""
    )
    assert (outcome.phase, outcome.waiting) == ("Error", ())
    assert outcome.node("b")["message"] == "failed to resolve {{tasks.a.outputs.parameters.x}}"
