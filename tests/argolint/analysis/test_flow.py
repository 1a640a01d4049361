"""Calls with their arguments, what texts read, and who calls whom."""

from __future__ import annotations

from argolint.analysis import flow, flow_uses, references_objects, structure_graph, structure_manifests
from argolint.context import Context, read
from argolint.model.workflow import WorkflowSpec
from argolint.project.facts import facts_of, unpack
from argolint.project.index import Index
from argolint.settings import Settings

TEXT = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  onExit: tidy
  arguments: {parameters: [{name: env, value: dev}, {name: spare, value: x}]}
  templateDefaults: {inputs: {parameters: [{name: level, default: low}]}}
  templates:
  - name: main
    steps:
    - - {name: a, template: job, arguments: {parameters: [{name: x, value: '{{workflow.parameters.env}}'}]}}
      - {name: b, templateRef: {name: lib, template: far}}
      - {name: c, inline: {container: {image: a, args: ['{{inputs.parameters.y}}']}}}
    - - {name: d, template: main, when: "{{steps.a.outputs.result}} == go"}
  - name: job
    inputs: {parameters: [{name: x}, {name: level}, {name: idle, value: '1'}]}
    container:
      image: a
      args: ['{{inputs.parameters.x}}']
      env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: token}}}]
  - name: loop
    steps: [[{name: again, template: loop}]]
  - name: tidy
    resource: {action: create, manifest: "kind: [{{workflow.name}}"}
"""
LIBRARY = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: lib}
spec:
  templates:
  - name: far
    inputs: {parameters: [{name: p}, {name: q, default: a}], artifacts: [{name: r, path: /r}]}
    container: {image: a}
"""


def opened(text: str = TEXT) -> tuple[WorkflowSpec, Context, Index]:
    file = read("0.yaml", text)
    facts = [unpack("0.yaml", one) for one in facts_of(file.documents)]
    facts += [unpack("lib.yaml", one) for one in facts_of(read("lib.yaml", LIBRARY).documents)]
    context = Context(file, Settings(), None)
    context.object = file.objects[0][0]
    return context.object.workflow_specs[0], context, Index(facts)


def test_calls_know_the_signature_of_what_they_call() -> None:
    spec, _, index = opened()
    calls = {call.what: call for call in flow.calls(spec, index)}
    assert sorted(calls) == ["step `a`", "step `again`", "step `b`", "step `c`", "step `d`"]
    assert [port.name for port in calls["step `a`"].callee.inputs.values() if port.required] == ["x"]
    far = calls["step `b`"].callee
    assert (far.label, far.path, far.type) == (
        "template `far` of WorkflowTemplate `lib`",
        "lib.yaml",
        "container",
    )
    assert [port.name for port in (*far.inputs.values(), *far.artifacts.values()) if port.required] == [
        "p",
        "r",
    ]
    assert "step `b`" not in {call.what for call in flow.calls(spec, None)}


def test_what_texts_read() -> None:
    _, context, _ = opened()
    assert context.object is not None
    reads = flow_uses.reads(context.object, context)
    assert reads.workflow == {"env"}
    assert ("spec.templates[1]", "x") in reads.inputs
    assert ("spec.templates[1]", "idle") not in reads.inputs
    assert ("spec.templates[0]", "y") in reads.inputs, (
        "an inline template reads the inputs of the one around it"
    )


def test_parameters_of_the_referenced_object_are_merged() -> None:
    text = (
        TEXT[: TEXT.index("spec:")]
        + "spec:\n  workflowTemplateRef: {name: lib}\n  arguments: {parameters: [{name: a, value: b}]}\n"
    )
    spec, _, index = opened(text)
    assert flow.merged_arguments(spec, index) == {"a": "b"}
    assert flow.merged_arguments(spec, None) is None


def test_reachability_and_cycles() -> None:
    spec, _, _ = opened()
    assert structure_graph.exit_roots(spec) == ["tidy"]
    assert structure_graph.reachable(spec, ["main"]) == {"main", "job"}
    cycles = [[call.callee for call in cycle] for cycle in structure_graph.endless_cycle(spec)]
    assert cycles == [["loop"]], "main calls itself under a condition"


def test_the_syntax_error_of_a_manifest() -> None:
    spec, context, _ = opened()
    tidy = spec.template_named("tidy")
    assert tidy is not None
    found = structure_manifests.syntax_error(tidy, context)
    assert found is not None
    assert found[0].value == "kind: [{{workflow.name}}"
    assert structure_manifests.filled("a: {{b\nc}}d") == "a: xxx\nxxxd"
    assert list(structure_manifests.objects_in(tidy, context)) == []


def test_what_a_workflow_needs_of_secrets() -> None:
    _, context, index = opened()
    assert context.object is not None
    wanted = [
        (one.kind, one.name, one.key) for one in references_objects.wanted(context.object, context.file)
    ]
    assert wanted == [("Secret", "keys", "token")]
    assert references_objects.found(index, "Secret", "keys", "") == []


def test_keys_are_unknown_when_an_object_has_none() -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', z: '2'}\n"
    facts = [unpack("c.yaml", one) for one in facts_of(read("c.yaml", config).documents)]
    assert references_objects.keys_of(facts) == {"x", "z"}
    empty = [unpack("c.yaml", one) for one in facts_of(read("c.yaml", config.split("data: {x")[0]).documents)]
    assert references_objects.keys_of(empty) is None
