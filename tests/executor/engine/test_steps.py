"""Steps templates, loops, parameters and outputs: whole node tables."""

from __future__ import annotations

from typing import Any

from executor.engine.contract import CreatePod
from executor.engine.simulate import Answer

LEAF = "{name: work, container: {image: alpine, command: [work]}}"


def test_groups_run_in_order_and_hang_together(run: Any, table: Any) -> None:
    outcome = run(f"""
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {{name: a, template: work}}
          - - {{name: b, template: work}}
            - {{name: c, template: work}}
        - {LEAF}
    """)
    assert outcome.phase == "Succeeded"
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "a Pod Succeeded",
        "[1] StepGroup Succeeded",
        "b Pod Succeeded",
        "c Pod Succeeded",
    ]
    node = outcome.node
    ids = {name: node(name)["id"] for name in ("wf", "[0]", "a", "[1]", "b", "c")}
    assert {name: node(name).get("children") for name in ids} == {
        "wf": [ids["[0]"]],
        "[0]": [ids["a"]],
        "a": [ids["[1]"]],
        "[1]": [ids["b"], ids["c"]],
        "b": None,
        "c": None,
    }
    assert node("wf")["outboundNodes"] == [ids["b"], ids["c"]]
    assert {node(name).get("boundaryID") for name in ("[0]", "a", "c")} == {"wf"}
    assert outcome.state["status"]["progress"] == "3/3"
    assert node("[0]")["progress"] == "3/3"
    assert node("[1]")["progress"] == "2/2"


def test_a_whole_node(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        arguments: {parameters: [{name: greeting, value: hello}]}
        templates:
        - name: main
          inputs: {parameters: [{name: greeting}]}
          container: {image: alpine, command: [echo], args: ["{{inputs.parameters.greeting}} {{workflow.name}}"]}
          outputs: {parameters: [{name: said, valueFrom: {path: /tmp/said}}]}
        """,
        {"main": Answer(parameters={"said": "hello"}, after=2, pending=1)},
    )
    assert outcome.state["status"]["nodes"] == {
        "wf": {
            "id": "wf",
            "name": "wf",
            "displayName": "wf",
            "type": "Pod",
            "templateName": "main",
            "templateScope": "local/wf",
            "phase": "Succeeded",
            "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": "2026-01-01T00:00:03Z",
            "inputs": {"parameters": [{"name": "greeting", "value": "hello"}]},
            "progress": "1/1",
            "resourcesDuration": {"cpu": 0, "memory": 4},
            "taskResultSynced": True,
            "outputs": {
                "exitCode": "0",
                "parameters": [{"name": "said", "value": "hello", "valueFrom": {"path": "/tmp/said"}}],
            },
        }
    }
    status = {k: v for k, v in outcome.state["status"].items() if k not in ("nodes", "artifactRepositoryRef")}
    assert status == {
        "phase": "Succeeded",
        "startedAt": "2026-01-01T00:00:00Z",
        "finishedAt": "2026-01-01T00:00:03Z",
        "progress": "1/1",
        "resourcesDuration": {"cpu": 0, "memory": 4},
        "conditions": [{"type": "PodRunning", "status": "False"}, {"type": "Completed", "status": "True"}],
    }
    (pod,) = [c.pod for _, c in outcome.trace if isinstance(c, CreatePod)]
    assert pod["spec"]["containers"][1]["args"] == ["hello wf"]


def test_results_and_output_parameters_flow_on(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: flip, template: coin}
          - - {name: heads, template: show, when: "{{steps.flip.outputs.result}} == heads", arguments: {parameters: [{name: x, value: "{{steps.flip.outputs.result}}"}]}}
            - {name: tails, template: show, when: "{{steps.flip.outputs.result}} == tails", arguments: {parameters: [{name: x, value: "{{steps.flip.outputs.result}}"}]}}
          outputs: {parameters: [{name: side, valueFrom: {parameter: "{{steps.flip.outputs.result}}"}}]}
        - {name: coin, script: {image: python, command: [python], source: flip}}
        - {name: show, inputs: {parameters: [{name: x}]}, container: {image: alpine, command: [echo], args: ["{{inputs.parameters.x}}"]}}
        """,
        {"coin": Answer(result="heads")},
    )
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "flip Pod Succeeded",
        "[1] StepGroup Succeeded",
        "heads Pod Succeeded",
        "tails Skipped Skipped: when 'heads == tails' evaluated false",
    ]
    assert outcome.node("wf")["outputs"] == {"parameters": [{"name": "side", "value": "heads"}]}
    assert outcome.node("heads")["inputs"] == {"parameters": [{"name": "x", "value": "heads"}]}


def test_loops_expand_and_aggregate_in_order(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: each, template: one, withItems: [1, text, {k: v, a: b}], arguments: {parameters: [{name: x, value: "{{item}}"}]}}
          - - {name: none, template: one, withParam: "[]", arguments: {parameters: [{name: x, value: "{{item}}"}]}}
            - {name: all, template: one, arguments: {parameters: [{name: x, value: "{{steps.each.outputs.result}}"}]}}
        - {name: one, inputs: {parameters: [{name: x}]}, script: {image: a, command: [sh], source: "{{inputs.parameters.x}}"}}
        """,
        {
            "each(0:1)": Answer(result='"first"', after=3),
            "each(1:text)": Answer(result="2"),
            "each(2:a:b,k:v)": Answer(result='{"n":3}', after=2),
        },
    )
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "each(0:1) Pod Succeeded",
        "each(1:text) Pod Succeeded",
        "each(2:a:b,k:v) Pod Succeeded",
        "[1] StepGroup Succeeded",
        "none Skipped Skipped: Skipped, empty params",
        "all Pod Succeeded",
    ]
    assert outcome.node("all")["inputs"]["parameters"] == [{"name": "x", "value": '["first",2,{"n":3}]'}]
    assert outcome.node("each(2:a:b,k:v)")["inputs"]["parameters"] == [
        {"name": "x", "value": '{"a":"b","k":"v"}'}
    ]


def test_with_sequence(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: up, template: work, withSequence: {start: "2", end: "4", format: "n%02d"}}
            - {name: down, template: work, withSequence: {start: "1", end: "0"}}
            - {name: count, template: work, withSequence: {count: 2}}
        - {name: work, container: {image: alpine, command: [work]}}
    """)
    children = [outcome.state["status"]["nodes"][c]["displayName"] for c in outcome.node("[0]")["children"]]
    assert children == [
        "up(0:n02)",
        "up(1:n03)",
        "up(2:n04)",
        "down(0:1)",
        "down(1:0)",
        "count(0:0)",
        "count(1:1)",
    ]


def test_continue_on(run: Any, table: Any, fails: Answer) -> None:
    outcome = run(
        f"""
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {{name: a, template: work, continueOn: {{failed: true}}}}
          - - {{name: b, template: work, continueOn: {{error: true}}}}
          - - {{name: c, template: work}}
        - {LEAF}
        """,
        {"a": fails, "b": fails},
    )
    b = outcome.node("b")["id"]
    assert outcome.phase == "Failed"
    assert table(outcome) == [
        f"wf Steps Failed: child '{b}' failed",
        "[0] StepGroup Succeeded",
        "a Pod Failed: main: Error (exit code 1)",
        f"[1] StepGroup Failed: child '{b}' failed",
        "b Pod Failed: main: Error (exit code 1)",
    ]


def test_suspend_with_duration_and_supplied_outputs(run: Any, table: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: wait, template: pause}
          - - {name: approve, template: ask}
          - - {name: go, template: work, arguments: {parameters: [{name: x, value: "{{steps.approve.outputs.parameters.ok}}"}]}}
        - {name: pause, suspend: {duration: 1m}}
        - {name: ask, suspend: {}, outputs: {parameters: [{name: ok, valueFrom: {supplied: {}}}]}}
        - {name: work, inputs: {parameters: [{name: x}]}, container: {image: alpine, command: [work]}}
        """,
        {"approve": Answer(parameters={"ok": "yes"}, after=5)},
    )
    assert table(outcome) == [
        "wf Steps Succeeded",
        "[0] StepGroup Succeeded",
        "wait Suspend Succeeded",
        "[1] StepGroup Succeeded",
        "approve Suspend Succeeded",
        "[2] StepGroup Succeeded",
        "go Pod Succeeded",
    ]
    assert outcome.node("wait")["finishedAt"] == "2026-01-01T00:01:00Z"
    assert outcome.node("go")["inputs"]["parameters"] == [{"name": "x", "value": "yes"}]


def test_a_suspension_that_nobody_lifts_is_named(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates: [{name: main, suspend: {}}]
    """)
    assert (outcome.phase, outcome.waiting) == ("Running", ("wf: Suspend is Running",))


def test_a_reference_that_never_resolves_is_named(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: work, when: "{{steps.b.outputs.result}} == 1"}
        - {name: work, container: {image: alpine, command: [work]}}
    """)
    assert outcome.phase == "Running"
    assert outcome.waiting == ("wf[0]: a step or task of it refers to an output that does not exist",)


def test_outputs_are_computed_from_the_inputs_of_the_template_too(run: Any) -> None:
    """The usual end of a recursion: what is known at once, or else the output of a step that did not run."""
    for body, source in (
        ('steps: [[{name: deeper, template: work, when: "{{inputs.parameters.n}} > 2"}]]', "steps"),
        ('dag: {tasks: [{name: deeper, template: work, when: "{{inputs.parameters.n}} > 2"}]}', "tasks"),
    ):
        outcome = run(f"""
            entrypoint: main
            templates:
            - name: main
              inputs: {{parameters: [{{name: n, value: "2"}}]}}
              {body}
              outputs:
                parameters:
                - name: sum
                  valueFrom: {{expression: "asInt(inputs.parameters.n) <= 2 ? 1 : {source}.deeper.outputs.result"}}
            - {{name: work, container: {{image: alpine, command: [work]}}}}
        """)
        assert outcome.phase == "Succeeded", outcome.node("wf").get("message")
        assert outcome.node("wf")["outputs"]["parameters"] == [{"name": "sum", "value": "1"}]
