"""Surprising behaviour that is upstream's, one test for each."""

from __future__ import annotations

from typing import Any

import pytest

from executor.engine import advance
from executor.engine.contract import Context, CreatePod, EmitMetric, RunHttp
from executor.engine.simulate import START, Answer

FAILS = Answer(exit_code=1)
TAKE = "{name: take, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c], args: ['{{inputs.parameters.x}}']}}"
OUT = "{name: out, container: {image: a, command: [c]}, outputs: {parameters: [{name: y, valueFrom: {path: /y%s}}]}}"


def steps(*groups: str, templates: str) -> str:
    body = "\n".join(f"  - [{group}]" for group in groups)
    return f"entrypoint: main\ntemplates:\n- name: main\n  steps:\n{body}\n{templates}"


def pod_args(outcome: Any) -> dict[str, Any]:
    return {
        c.pod["metadata"]["annotations"]["workflows.argoproj.io/node-name"]: c.pod["spec"]["containers"][
            1
        ].get("args")
        for _, c in outcome.trace
        if isinstance(c, CreatePod)
    }


def test_unresolved_tags_survive_into_the_pod(run: Any) -> None:
    outcome = run(
        "{entrypoint: main, templates: [{name: main, container: {image: a, command: [c], args: ['{{nothing.of.this}}']}}]}"
    )
    assert pod_args(outcome) == {"wf": ["{{nothing.of.this}}"]}


def test_values_are_json_escaped_when_they_are_put_in(run: Any) -> None:
    nasty = 'a "quoted"\nline\\ {{workflow.name}}'
    text = steps(
        "{name: a, template: out}",
        "{name: b, template: take, arguments: {parameters: [{name: x, value: '{{steps.a.outputs.parameters.y}}'}]}}",
        templates=f"- {OUT % ''}\n- {TAKE}",
    )
    outcome = run(text, {"a": Answer(parameters={"y": nasty})})
    assert outcome.node("b")["inputs"]["parameters"][0]["value"].startswith('a "quoted"\nline\\ ')


def test_aggregation_needs_json_results(run: Any) -> None:
    text = steps(
        "{name: a, template: say, withItems: [1]}",
        "{name: b, template: take, arguments: {parameters: [{name: x, value: '{{steps.a.outputs.result}}'}]}}",
        templates=f"- {{name: say, script: {{image: a, command: [sh], source: x}}}}\n- {TAKE}",
    )
    assert (
        run(text, {"say": Answer(result="[1, 2]")}).node("b")["inputs"]["parameters"][0]["value"] == "[[1,2]]"
    )
    broken = run(text, {"say": Answer(result="plain text")})
    assert broken.phase in ("Failed", "Error")
    assert "must be JSON" in broken.state["status"]["message"]


def test_failed_items_are_left_out_of_aggregates_so_indices_shift(run: Any) -> None:
    text = steps(
        "{name: a, template: say, withItems: [1, 2, 3], continueOn: {failed: true}}",
        "{name: b, template: take, arguments: {parameters: [{name: x, value: '{{steps.a.outputs.result}}'}]}}",
        templates=f"- {{name: say, script: {{image: a, command: [sh], source: x}}}}\n- {TAKE}",
    )
    outcome = run(
        text,
        {
            "a(0:1)": Answer(result="1"),
            "a(1:2)": Answer(result="2", exit_code=1),
            "a(2:3)": Answer(result="3"),
        },
    )
    assert outcome.node("b")["inputs"]["parameters"][0]["value"] == "[1,3]"


def test_a_skipped_steps_output_is_its_default_or_makes_the_consumers_default_apply(run: Any) -> None:
    consumer = (
        "{name: take, inputs: {parameters: [{name: x, default: mine}]}, container: {image: a, command: [c]}}"
    )
    use = "{name: b, template: take, arguments: {parameters: [{name: x, value: '{{steps.a.outputs.parameters.y}}'}]}}"
    skip = "{name: a, template: out, when: '1 == 2'}"
    with_default = run(steps(skip, use, templates=f"- {OUT % ', default: theirs'}\n- {consumer}"))
    assert with_default.node("b")["inputs"]["parameters"][0]["value"] == "theirs"
    without = run(steps(skip, use, templates=f"- {OUT % ''}\n- {consumer}"))
    assert without.node("b")["inputs"]["parameters"][0]["value"] == "mine"
    inside = use.replace("'{{steps.a.outputs.parameters.y}}'", "'y is {{steps.a.outputs.parameters.y}}'")
    broken = run(steps(skip, inside, templates=f"- {OUT % ''}\n- {consumer}"))
    assert broken.phase == "Failed"
    assert "output is an absent optional" in broken.state["status"]["message"]


def test_when_treats_bare_words_as_strings_and_rejects_what_is_no_boolean(run: Any) -> None:
    leaf = "- {name: work, container: {image: a, command: [c]}}"
    assert (
        run(steps("{name: a, template: work, when: foo == foo}", templates=leaf)).node("a")["phase"]
        == "Succeeded"
    )
    broken = run(steps("{name: a, template: work, when: 1 + 1}", templates=leaf))
    assert broken.phase in ("Failed", "Error")


def test_a_withparam_that_cannot_be_parsed_is_tolerated_if_when_is_false(run: Any) -> None:
    leaf = "- {name: work, container: {image: a, command: [c]}}"
    outcome = run(steps("{name: a, template: work, withParam: nonsense, when: '1 == 2'}", templates=leaf))
    assert (outcome.phase, outcome.node("a")["message"]) == ("Succeeded", "Skipped, empty params")
    assert run(steps("{name: a, template: work, withParam: nonsense}", templates=leaf)).phase == "Failed"


def test_the_json_list_of_workflow_parameters_is_gone_in_expressions_but_json_is_there(run: Any) -> None:
    text = """
    entrypoint: main
    arguments: {parameters: [{name: x, value: "1"}]}
    templates: [{name: main, container: {image: a, command: [c], args: ["{{workflow.parameters}}", "{{=workflow.parameters.x}}"]}}]
    """
    assert pod_args(run(text)) == {"wf": ['[{"name":"x","value":"1"}]', "1"]}


def test_an_error_of_the_entry_template_itself_skips_the_exit_handler(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        onExit: work
        templates:
        - {name: main, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c]}}
        - {name: work, container: {image: a, command: [c]}}
    """)
    assert (outcome.phase, outcome.state["status"]["message"]) == (
        "Error",
        "error in entry template execution: inputs.parameters.x was not supplied",
    )
    assert [n["name"] for n in outcome.state["status"]["nodes"].values()] == ["wf"]
    assert outcome.node("wf")["type"] == "Skipped"


def test_externally_changed_nodes_are_the_truth(run: Any, workflow: Any) -> None:
    state = advance(
        workflow("{entrypoint: main, templates: [{name: main, suspend: {}}]}"), (), START, Context()
    ).state
    nodes = {
        "wf": {**state["status"]["nodes"]["wf"], "phase": "Succeeded", "finishedAt": "2026-01-01T00:00:00Z"}
    }
    edited = {**state, "status": {**state["status"], "nodes": nodes}}
    assert advance(edited, (), START, Context()).state["status"]["phase"] == "Succeeded"


def test_plugin_templates_are_refused_by_name(run: Any) -> None:
    outcome = run("{entrypoint: main, templates: [{name: main, plugin: {hello: {}}}]}")
    assert outcome.node("wf")["message"] == (
        'template "main" is a plugin template (hello): executor plugins are not supported'
    )


def test_postponed_workflows_are_pending(workflow: Any) -> None:
    made = workflow("{entrypoint: main, templates: [{name: main, suspend: {}}]}")
    state = advance(made, (), START, Context(admitted=False)).state
    assert (state["status"]["phase"], state["status"]["message"]) == (
        "Pending",
        "Workflow processing has been postponed because too many workflows are already running",
    )
    assert "startedAt" not in state["status"]
    assert not advance(state, (), START, Context(admitted=False)).changed
    assert advance(state, (), START, Context()).state["status"]["phase"] == "Running"


def test_a_completed_workflow_never_moves(run: Any) -> None:
    ended = run("{entrypoint: main, templates: [{name: main, container: {image: a, command: [c]}}]}").state
    edited = {**ended, "spec": {**ended["spec"], "shutdown": "Terminate"}}
    step = advance(edited, (), START, Context())
    assert (step.changed, step.state) == (False, edited)


def test_pending_timeout_and_timeout(run: Any) -> None:
    text = "{entrypoint: main, templates: [{name: main, %s, container: {image: a, command: [c]}}]}"
    pending = run(text % "pendingTimeout: 10s", {"main": Answer(pending=60)})
    assert (pending.phase, pending.node("wf")["message"]) == ("Failed", "timeout")
    late = run(text % "timeout: 10s", {"main": Answer(after=60)})
    assert late.node("wf")["message"] == "Pod was active on the node longer than the specified deadline"


def test_http_template(run: Any) -> None:
    text = "{entrypoint: main, templates: [{name: main, http: {url: 'http://{{workflow.name}}'%s}}]}"
    good = run(text % "", {"main": Answer(result="body")})
    assert (good.phase, good.node("wf")["outputs"]) == ("Succeeded", {"result": "body"})
    assert [c.template["http"]["url"] for _, c in good.trace if isinstance(c, RunHttp)] == ["http://wf"]
    bad = run(text % "", {"main": Answer(status_code=500)})
    assert (bad.phase, bad.node("wf")["message"]) == ("Failed", "received non-2xx response code: 500")
    judged = run(text % ", successCondition: 'response.statusCode == 500'", {"main": Answer(status_code=500)})
    assert judged.phase == "Succeeded"
    lost = run(text % "", {"main": Answer(phase="Failed", message="no route")})
    assert (lost.phase, lost.node("wf")["message"]) == ("Failed", "no route")


def test_artifacts_flow_by_reference_with_subpath_and_global_names(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: a, template: make}
          - - {name: b, template: use, arguments: {artifacts: [{name: in, from: "{{steps.a.outputs.artifacts.out}}", subPath: sub/x}]}}
            - {name: c, template: use, arguments: {artifacts: [{name: in, from: "{{workflow.outputs.artifacts.g}}"}]}}
            - {name: d, template: use, arguments: {artifacts: [{name: in, fromExpression: "steps.a.outputs.artifacts.out"}]}}
            - {name: e, template: maybe}
          outputs: {artifacts: [{name: whole, from: "{{steps.a.outputs.artifacts.out}}"}]}
        - {name: make, container: {image: a, command: [c]}, outputs: {artifacts: [{name: out, path: /out, globalName: g, archive: {none: {}}}]}}
        - {name: use, inputs: {artifacts: [{name: in, path: /in, mode: 493}]}, container: {image: a, command: [c]}}
        - {name: maybe, inputs: {artifacts: [{name: in, path: /in, optional: true}]}, container: {image: a, command: [c]}}
        """,
        {"make": Answer(artifacts={"out": {"s3": {"key": "k/out"}}})},
    )
    assert outcome.phase == "Succeeded"
    whole = {"name": "in", "path": "/in", "mode": 493, "archive": {"none": {}}}

    def given(name: str) -> Any:
        return {k: v for k, v in outcome.node(name)["inputs"]["artifacts"][0].items() if k != "globalName"}

    assert given("b") == {**whole, "s3": {"key": "k/out/sub/x"}}
    assert given("c") == given("d") == {**whole, "s3": {"key": "k/out"}}
    assert given("e") == {"name": "in", "path": "/in", "optional": True}
    assert outcome.state["status"]["outputs"]["artifacts"] == [
        {"name": "g", "archive": {"none": {}}, "s3": {"key": "k/out"}}
    ]
    assert outcome.node("wf")["outputs"]["artifacts"][0]["s3"] == {"key": "k/out"}


def test_global_parameters_reach_later_steps(run: Any) -> None:
    outcome = run(
        steps(
            "{name: a, template: out}",
            "{name: b, template: take, arguments: {parameters: [{name: x, value: '{{workflow.outputs.parameters.g}}'}]}}",
            templates=f"- {(OUT % '').replace('name: y,', 'name: y, globalName: g,')}\n- {TAKE}",
        ),
        {"a": Answer(parameters={"y": "7"})},
    )
    assert outcome.state["status"]["outputs"] == {"parameters": [{"name": "g", "value": "7"}]}
    assert pod_args(outcome)["wf[1].b"] == ["7"]


def test_metrics_never_fail_a_workflow(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        metrics: {prometheus: [{name: runs, help: Runs, labels: [{key: s, value: "{{workflow.status}}"}], counter: {value: "1"}}, {name: bad, help: Bad, gauge: {value: x}}]}
        templates:
        - name: main
          metrics: {prometheus: [{name: took, help: Took, gauge: {value: "{{duration}}"}}]}
          container: {image: a, command: [c]}
    """)
    assert outcome.phase == "Succeeded"
    samples = {
        c.name: (c.kind, c.labels, c.operation, c.value)
        for _, c in outcome.trace
        if isinstance(c, EmitMetric)
    }
    assert samples == {
        "argo_workflows_took": ("gauge", (), "Set", 1.0),
        "argo_workflows_runs": ("counter", (("s", "Succeeded"),), "Add", 1.0),
    }
    assert {c["type"] for c in outcome.state["status"]["conditions"]} >= {"MetricsError", "Completed"}


def test_expressions_see_the_virtual_clock(run: Any) -> None:
    text = "{entrypoint: main, templates: [{name: main, container: {image: a, command: [c], args: ['{{=sprig.date(\"2006\", sprig.now())}}', '{{=sprig.uuidv4()}}']}}]}"
    first, second = run(text), run(text)
    assert pod_args(first) == pod_args(second)
    assert pod_args(first)["wf"][0] == "2026"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{templates: [{name: a, suspend: {}}]}", "invalid spec: spec.entrypoint is required"),
        ("{entrypoint: b, templates: [{name: a, suspend: {}}]}", "invalid spec: template name 'b' undefined"),
        ("{entrypoint: a}", "invalid spec: template name 'a' undefined"),
        ("{entrypoint: a, templates: [{name: a, steps: [[{name: x, template: gone}]]}]}", "invalid spec: templates.a.steps[0].x template name 'gone' undefined"),
        ("{entrypoint: a, templates: [{name: a}, {name: a}]}", "invalid spec: templates[1].name 'a' is not unique"),
        ("{entrypoint: a, templates: text}", "cannot unmarshall spec: json: cannot unmarshal string into Go struct field Workflow.spec.templates of type []Template"),
        ("{entrypoint: a, templates: [{name: a, steps: [{name: x, template: a}]}]}", "cannot unmarshall spec: json: cannot unmarshal object into Go struct field Workflow.spec.templates.steps of type []WorkflowStep"),
        ("{entrypoint: a, templates: [{name: a, dag: []}]}", "cannot unmarshall spec: json: cannot unmarshal array into Go struct field Workflow.spec.templates.dag of type object"),
        ("{entrypoint: a, arguments: {parameters: {x: 1}}, templates: []}", "cannot unmarshall spec: json: cannot unmarshal object into Go struct field Workflow.spec.arguments.parameters of type []Parameter"),
    ],
)  # fmt: skip
def test_malformed_specs_end_failed(run: Any, spec: str, message: str) -> None:
    outcome = run(spec)
    assert (outcome.phase, outcome.state["status"]["message"]) == ("Failed", message)


@pytest.mark.parametrize(
    "broken",
    [None, 7, "text", [], {"spec": 1}, {"spec": {"entrypoint": {}}}, {"spec": {"templates": [None, 3]}}],
)
def test_hostile_objects_end_failed_without_an_exception(broken: Any) -> None:
    made = {
        "metadata": {"name": "wf", "namespace": "argo"},
        **(broken if isinstance(broken, dict) else {"spec": broken}),
    }
    status = advance(made, (), START, Context()).state["status"]
    assert status["phase"] == "Failed"
    assert "internal error" not in status["message"]


def test_damaged_compressed_nodes_are_an_error(workflow: Any) -> None:
    made = {**workflow("{entrypoint: main}"), "status": {"phase": "Running", "compressedNodes": "!!!"}}
    status = advance(made, (), START, Context()).state["status"]
    assert status["phase"] == "Error"
    assert "compressedNodes cannot be read" in status["message"]


def test_large_workflows_are_packed_and_unpacked(workflow: Any) -> None:
    from argolint.errors import UserError
    from executor.engine import size

    text = steps(
        "{name: a, template: wait, withSequence: {count: '50'}}", templates="- {name: wait, suspend: {}}"
    )
    state = advance(workflow(text), (), START, Context()).state
    assert size.pack(state) == state
    packed = size.pack(state, limit=6000)
    assert "nodes" not in packed["status"]
    assert size.hydrate(packed) == state
    assert not advance(packed, (), START, Context()).changed
    with pytest.raises(UserError, match=r"workflow is longer than maximum allowed size\. compressed size"):
        size.pack(state, limit=100)


def test_an_optional_artifact_that_nobody_gave_has_no_mount(run: Any) -> None:
    outcome = run("""
        entrypoint: main
        templates:
        - name: main
          steps:
          - [{name: first, template: file}]
          - [{name: second, template: file, arguments: {artifacts: [{name: f, from: "{{steps.first.outputs.artifacts.f}}"}]}}]
        - name: file
          inputs: {artifacts: [{name: f, path: /tmp/f, optional: true}]}
          outputs: {artifacts: [{name: f, path: /tmp/f}]}
          container: {image: a, command: [c]}
    """)
    mounts = [
        [
            m["mountPath"]
            for m in next(c for c in command.pod["spec"]["containers"] if c["name"] == "main")["volumeMounts"]
        ]
        for _, command in outcome.trace
        if isinstance(command, CreatePod)
    ]
    assert mounts == [["/var/run/argo"], ["/var/run/argo", "/tmp/f"]]
