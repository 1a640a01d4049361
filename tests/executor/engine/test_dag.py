"""DAG templates: order, depends, and where the phase comes from."""

from __future__ import annotations

from typing import Any

from executor.engine.simulate import Answer

LEAF = "{name: work, container: {image: alpine, command: [work]}}"
FAILS = Answer(exit_code=1)


def dag(tasks: str, extra: str = "") -> str:
    return f"""
entrypoint: main
templates:
- name: main
  dag:
    tasks:
{tasks}
{extra}
- {LEAF}
"""


def test_diamond(run: Any, table: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work}
    - {name: b, template: work, dependencies: [a]}
    - {name: c, template: work, depends: a.Succeeded}
    - {name: d, template: work, depends: b && c}
    """)
    )
    assert table(outcome) == [
        "wf DAG Succeeded",
        "a Pod Succeeded",
        "b Pod Succeeded",
        "c Pod Succeeded",
        "d Pod Succeeded",
    ]
    ids = {name: outcome.node(name)["id"] for name in "abcd"}
    assert outcome.node("wf")["children"] == [ids["a"]]
    assert outcome.node("a")["children"] == [ids["b"], ids["c"]]
    assert outcome.node("b")["children"] == outcome.node("c")["children"] == [ids["d"]]
    assert outcome.node("wf")["outboundNodes"] == [ids["d"]]


def test_failed_task_makes_what_is_behind_it_omitted_and_the_dag_failed(run: Any, table: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work}
    - {name: b, template: work, depends: a}
    - {name: c, template: work, depends: b}
    - {name: other, template: work}
    """),
        {"a": FAILS, "other": Answer(after=10)},
    )
    assert outcome.phase == "Failed"
    assert table(outcome) == [
        "wf DAG Failed",
        "a Pod Failed: main: Error (exit code 1)",
        "other Pod Succeeded",
        "b Skipped Omitted: omitted: depends condition not met",
        "c Skipped Omitted: omitted: depends condition not met",
    ]
    # failFast (the default) does not end siblings: the DAG waits for what was begun.
    assert outcome.node("wf")["finishedAt"] == "2026-01-01T00:00:10Z"


def test_failure_that_a_depends_branch_handles_does_not_fail_the_dag(run: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work}
    - {name: rescue, template: work, depends: a.Failed}
    """),
        {"a": FAILS},
    )
    assert (outcome.phase, outcome.node("rescue")["phase"]) == ("Succeeded", "Succeeded")


def test_dag_keeps_error_while_steps_turn_it_into_failed(run: Any) -> None:
    broken = {"work": Answer(phase="Error", exit_code=64, exit_codes={"wait": 1, "main": 0})}
    outcome = run(dag("    - {name: a, template: work}"), broken)
    assert (outcome.phase, outcome.node("a")["phase"]) == ("Error", "Error")
    steps = f"""
    entrypoint: main
    templates:
    - {{name: main, steps: [[{{name: a, template: work}}]]}}
    - {LEAF}
    """
    outcome = run(steps, broken)
    assert (outcome.phase, outcome.node("[0]")["phase"], outcome.node("a")["phase"]) == (
        "Failed",
        "Failed",
        "Error",
    )


def test_continue_on_of_a_dependency_and_of_a_target(run: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work, continueOn: {failed: true}}
    - {name: b, template: work, dependencies: [a], continueOn: {failed: true}}
    """),
        {"a": FAILS, "b": FAILS},
    )
    assert (outcome.phase, outcome.node("b")["phase"]) == ("Succeeded", "Failed")


def test_any_succeeded_and_all_failed_of_a_loop(run: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work, withItems: [x, y]}
    - {name: b, template: work, withItems: [x, y]}
    - {name: some, template: work, depends: a.AnySucceeded}
    - {name: none, template: work, depends: a.AllFailed}
    - {name: all, template: work, depends: b.AllFailed}
    """),
        {"a(0:x)": FAILS, "b(0:x)": FAILS, "b(1:y)": FAILS},
    )
    phases = {name: outcome.node(name)["phase"] for name in ("a", "b", "some", "none", "all")}
    assert phases == {
        "a": "Failed",
        "b": "Failed",
        "some": "Succeeded",
        "none": "Omitted",
        "all": "Succeeded",
    }
    assert outcome.node("a")["type"] == "TaskGroup"
    assert outcome.node("a")["children"] == [outcome.node("a(0:x)")["id"], outcome.node("a(1:y)")["id"]]


def test_target_runs_only_what_it_needs(run: Any, table: Any) -> None:
    text = dag("""
    - {name: a, template: work}
    - {name: b, template: work, depends: a}
    - {name: c, template: work}
    """).replace("    tasks:", "    target: b\n    tasks:", 1)
    assert table(run(text)) == ["wf DAG Succeeded", "a Pod Succeeded", "b Pod Succeeded"]


def test_aggregated_parameters_reach_descendants_only(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: each, template: out, withParam: '["a","b"]', arguments: {parameters: [{name: x, value: "{{item}}"}]}}
            - {name: all, template: take, depends: each, arguments: {parameters: [{name: x, value: "{{tasks.each.outputs.parameters.y}}"}]}}
          outputs: {parameters: [{name: z, valueFrom: {expression: "tasks.each.outputs.parameters.y"}}]}
        - {name: out, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}, outputs: {parameters: [{name: y, valueFrom: {path: /y}}]}}
        - {name: take, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}}
        """,
        {"each(0:a)": Answer(parameters={"y": "1"}), "each(1:b)": Answer(parameters={"y": "2"})},
    )
    assert outcome.node("all")["inputs"]["parameters"] == [{"name": "x", "value": '["1","2"]'}]
    assert outcome.node("wf")["outputs"] == {"parameters": [{"name": "z", "value": '["1","2"]'}]}


def test_a_dag_that_cannot_be_ordered_is_an_error(run: Any) -> None:
    outcome = run(
        dag("""
    - {name: a, template: work, depends: b}
    - {name: b, template: work, depends: a}
    """)
    )
    assert outcome.phase == "Error"
    assert (
        outcome.state["status"]["message"] == "error in entry template execution: cycle detected in task 'a'"
    )


def test_daemon_task_counts_as_done_for_dependents_and_ends_with_the_dag(run: Any, table: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: server, template: daemon}
            - {name: client, template: take, depends: server, arguments: {parameters: [{name: ip, value: "{{tasks.server.ip}}"}]}}
        - {name: daemon, daemon: true, container: {image: a, command: [serve]}}
        - {name: take, inputs: {parameters: [{name: ip}]}, container: {image: a, command: [c]}}
    """)
    assert table(outcome) == ["wf DAG Succeeded", "server Pod Succeeded", "client Pod Succeeded"]
    assert outcome.node("client")["inputs"]["parameters"] == [{"name": "ip", "value": "10.0.0.1"}]
    assert "daemoned" not in outcome.node("server")


def test_daemon_task_that_dies_is_retried_while_its_dependents_run(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          dag:
            tasks:
            - {name: server, template: daemon}
            - {name: client, template: work, dependencies: [server]}
        - {name: daemon, daemon: true, retryStrategy: {limit: 2}, container: {image: a, command: [serve]}}
        - {name: work, container: {image: a, command: [c]}}
        """,
        {"daemon": [Answer(exit_code=1, after=5), Answer()], "work": Answer(after=15)},
    )
    assert table(outcome) == [
        "wf DAG Succeeded",
        "server Retry Succeeded",
        "server(0) Pod Failed: main: Error (exit code 1)",
        "client Pod Succeeded",
        "server(1) Pod Succeeded",
    ]
    assert outcome.node("server(1)")["startedAt"] == "2026-01-01T00:00:05Z"
