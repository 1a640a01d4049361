"""Which variables exist where, and what is said of those that do not."""

from __future__ import annotations

import pytest

from argolint.analysis import references
from argolint.context import Context, read
from argolint.project.facts import facts_of, unpack
from argolint.project.index import Index
from argolint.settings import Settings

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-}\nspec:\n"
KINDS = (
    "undefined-step", "undefined-task", "undefined-output-parameter", "undefined-output-artifact", "no-result",
    "undefined-input-artifact", "undefined-workflow-parameter", "undefined-workflow-output", "misspelt-root", "unknown",
    "unchecked", "item-outside-loop", "undefined-item-key", "list-item-index", "steps-tasks-swap", "caller-scope",
    "out-of-phase", "blank-in-nested",
)  # fmt: skip
TEMPLATES = """  entrypoint: main
  arguments: {parameters: [{name: env, value: dev}]}
  templates:
  - name: main
    inputs: {artifacts: [{name: in, optional: true}]}
    steps:
    - - {name: make, template: make}
      - {name: wait, template: wait}
    - - name: use
        template: use
        arguments: {parameters: [{name: x, value: '%s'}]}
  - name: make
    container: {image: a}
    outputs: {parameters: [{name: version, globalName: released, valueFrom: {path: /v}}], artifacts: [{name: log, path: /l}]}
  - name: wait
    suspend: {}
  - name: use
    inputs: {parameters: [{name: x}]}
    container: {image: a, args: ['{{inputs.parameters.x}}']}
"""


def found(text: str, *others: str) -> list[tuple[str, str]]:
    """(kind, what is pointed at) of every problem of the first object of a text."""
    facts = []
    for number, one in enumerate((text, *others)):
        facts += [unpack(f"{number}.yaml", packed) for packed in facts_of(read("f", one).documents)]
    file = read("0.yaml", text)
    context = Context(file, Settings(), None)
    obj = file.objects[0][0]
    context.object = obj
    problems = references.problems(obj, context, Index(facts), *KINDS)
    return [(one.kind, text[one.span.start : one.span.end]) for one in problems]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{steps.make.outputs.parameters.version}}", []),
        ("{{steps.make.outputs.result}} {{steps.make.exitCode}} {{steps.make.status}} {{steps.wait.id}}", []),
        ("{{workflow.parameters.env}} {{workflow.outputs.parameters.released}}", []),
        ("{{workflow.creationTimestamp.Y}}-{{workflow.creationTimestamp.RFC3339}}", []),
        ("{{node.name}} {{steps.name}} {{other.tool}}", []),
        ('{{=steps["nope"]?.outputs.result ?? ""}}', []),
        ("{{steps.mkae.outputs.result}}", [("undefined-step", "mkae")]),
        ("{{=steps.mkae.outputs.result}}", [("undefined-step", "mkae")]),
        ("{{steps.make.output.result}}", [("unknown", "output")]),
        ("{{steps.make}}", [("unknown", "steps.make")]),
        ("{{steps.make.ip}}", [("unknown", "steps.make.ip")]),
        ("{{steps.make.outputs.parameters}}", [("unknown", "steps.make.outputs.parameters")]),
        ("{{steps.make.outputs.parameters.verison}}", [("undefined-output-parameter", "verison")]),
        ("{{steps.make.outputs.artifacts.lgo}}", [("undefined-output-artifact", "lgo")]),
        ("{{steps.wait.outputs.result}}", [("no-result", "steps.wait.outputs.result")]),
        ("{{tasks.make.status}}", [("steps-tasks-swap", "tasks")]),
        ("{{workflow.parameters.evn}}", [("undefined-workflow-parameter", "workflow.parameters.evn")]),
        ("{{workflow.outputs.parameters.nope}}", [("undefined-workflow-output", "workflow.outputs.parameters.nope")]),
        ("{{workflow.namspace}}", [("unknown", "workflow.namspace")]),
        ("{{workflow.labels.team}}", [("unknown", "workflow.labels.team")]),
        ("{{workflow.failures}}", [("out-of-phase", "workflow.failures")]),
        ("{{workflow.priority}}", [("out-of-phase", "workflow.priority")]),
        ("{{workflow.creationTimestamp.Q}}", [("unchecked", "workflow.creationTimestamp.Q")]),
        ("{{workflows.name}}", [("misspelt-root", "workflows")]),
        ("{{step.make.status}}", [("misspelt-root", "step")]),
        ("{{item}}", [("item-outside-loop", "item")]),
        ("{{pod.name}}", [("out-of-phase", "pod.name")]),
        ("{{pod.ip}}", [("unknown", "pod.ip")]),
        ("{{retries}}", [("out-of-phase", "retries")]),
        ("{{inputs.artifacts.in.path}}", [("undefined-input-artifact", "inputs.artifacts.in.path")]),
        ("{{inputs.artifacts.nope}}", [("undefined-input-artifact", "nope")]),
        ("{{workflow.parameters.{{ inputs.parameters.x}}}}", [("blank-in-nested", "{{ inputs.parameters.x")]),
    ],
)  # fmt: skip
def test_a_step_argument(value: str, expected: list[tuple[str, str]]) -> None:
    assert found(HEAD + TEMPLATES % value) == expected


@pytest.mark.parametrize(
    ("items", "value", "expected"),
    [
        ("[{a: 1}, {a: 2}]", "{{item.a}} {{item}}", []),
        ("[{a: 1}, {b: 2}]", "{{item.a}}", [("undefined-item-key", "a")]),
        ("[{a: 1}]", "{{item.b}}", [("undefined-item-key", "b")]),
        ("[x, z]", "{{item.b}}", [("undefined-item-key", "b")]),
        ("[[1, 2]]", "{{item.[0]}}", [("list-item-index", "item.[0]")]),
        ("['{{workflow.name}}']", "{{item.b}}", []),
        ("[x]", "{{user.name}}", [("unknown", "user.name")]),
    ],
)
def test_the_item_of_a_loop(items: str, value: str, expected: list[tuple[str, str]]) -> None:
    text = f"""{HEAD}  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: each
        template: use
        withItems: {items}
        arguments: {{parameters: [{{name: x, value: '{value}'}}]}}
  - name: use
    inputs: {{parameters: [{{name: x}}]}}
    container: {{image: a, args: ['{{{{inputs.parameters.x}}}}']}}
"""
    assert found(text) == expected


LIBRARY = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: lib}
spec:
  arguments: {parameters: [{name: shared, value: a}]}
  templates:
  - name: make
    container: {image: a}
    outputs: {parameters: [{name: version, valueFrom: {path: /v}}]}
"""


def test_outputs_of_a_template_in_another_file() -> None:
    text = (HEAD + TEMPLATES % "{{steps.make.outputs.parameters.verison}}").replace(
        "{name: make, template: make}", "{name: make, templateRef: {name: lib, template: make}}"
    )
    assert found(text) == []
    assert found(text, LIBRARY) == [("undefined-output-parameter", "verison")]


def test_workflow_parameters_come_with_the_object_that_is_run() -> None:
    text = (
        f"{HEAD}  workflowTemplateRef: {{name: lib}}\n  podSpecPatch: '{{{{workflow.parameters.shraed}}}}'\n"
    )
    assert found(text) == []
    assert found(text, LIBRARY) == [("undefined-workflow-parameter", "workflow.parameters.shraed")]
    assert found(text.replace("shraed", "shared"), LIBRARY) == []


def test_an_inline_template_sees_what_is_around_it() -> None:
    text = f"""{HEAD}  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: one
        inline: {{container: {{image: a}}}}
    - - name: two
        withItems: [x]
        inline: {{container: {{image: a, args: ['{{{{steps.one.outputs.result}}}} {{{{item}}}} {{{{pod.name}}}}']}}}}
"""
    assert found(text) == []


def test_a_template_does_not_see_its_callers_steps() -> None:
    text = HEAD + (TEMPLATES % "a").replace(
        "{{inputs.parameters.x}}", "{{steps.make.outputs.result}} {{item.a}}"
    )
    assert found(text) == [
        ("item-outside-loop", "item.a"),
        ("caller-scope", "steps.make.outputs.result"),
    ]


def test_what_is_missing_many_times_is_said_once() -> None:
    text = HEAD + TEMPLATES % "{{workflow.parameters.other}} {{workflow.parameters.other}}"
    assert found(text) == [("undefined-workflow-parameter", "workflow.parameters.other")]


def test_bare_references_of_outputs_are_looked_at() -> None:
    text = (HEAD + TEMPLATES % "a").replace(
        "    steps:\n",
        "    outputs: {parameters: [{name: o, valueFrom: {parameter: steps.mkae.outputs.result}}]}\n    steps:\n",
    )
    assert found(text) == [("undefined-step", "mkae")]


def test_a_condition_is_no_place_for_tags_of_others() -> None:
    body = "  entrypoint: main\n  templates:\n  - name: main\n    inputs: {parameters: [{name: env, value: x}]}\n    steps:\n    - - {name: a, template: b, when: '%s'}\n  - name: b\n    container: {image: a, args: ['{{env}}']}\n"
    assert found(HEAD + body % "{{env}} == x") == [("unknown", "env")]
    assert found(HEAD + body % "{{inputs.parameters.env}} == x") == []
    # in a template the braces may be for the program that runs there
    assert found(HEAD + body % "a == b") == []
