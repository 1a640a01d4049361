"""Where the text of a parameter comes from, within a spec and across files."""

from __future__ import annotations

import pytest

from argolint.analysis import taint
from argolint.analysis.taint import Flow, risky_uses
from argolint.api import Source, check
from argolint.context import read
from argolint.model.k8s import Object
from argolint.project.facts import facts_of, unpack
from argolint.project.index import Index
from argolint.settings import Settings

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: greet}
spec:
  entrypoint: main
  arguments: {parameters: [{name: msg, value: a}, {name: other, value: b}]}
  templates:
  - name: main
    steps:
    - - name: first
        template: say
        arguments: {parameters: [{name: text, value: "{{workflow.parameters.msg}}"}]}
    - - name: second
        template: tell
        arguments: {parameters: [{name: text, value: "{{steps.first.outputs.result}}"}, {name: fixed, value: x}]}
  - name: say
    inputs: {parameters: [{name: text}]}
    container: {image: a}
  - name: tell
    inputs: {parameters: [{name: text}, {name: fixed}]}
    container: {image: a}
  - name: library
    inputs: {parameters: [{name: text}]}
    container: {image: a}
"""
SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s}
spec:
  dependencies: [{name: d, eventSourceName: src, eventName: e}]
  triggers:
  - template:
      name: t
      argoWorkflow:
        operation: submit
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: a-}
            spec:
              workflowTemplateRef: {name: greet}
              arguments: {parameters: [{name: msg, value: x}]}
        parameters:
        - {src: {dependencyName: d, dataKey: body.x}, dest: spec.arguments.parameters.0.value}
"""
BINDING = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowEventBinding
metadata: {name: b}
spec:
  event: {selector: "true"}
  submit:
    workflowTemplateRef: {name: greet}
    arguments: {parameters: [{name: other, valueFrom: {event: payload.x}}]}
"""
CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: caller}
spec:
  entrypoint: main
  arguments: {parameters: [{name: branch}]}
  templates:
  - name: main
    dag:
      tasks:
      - name: call
        templateRef: {name: greet, template: library}
        arguments: {parameters: [{name: text, value: "v-{{workflow.parameters.branch}}"}]}
"""
CALENDAR = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: src}
spec: {calendar: {e: {interval: 1h}}}
"""


def flow(*others: str, text: str = TEMPLATE) -> Flow:
    files = {f"{i}.yaml": read(f"{i}.yaml", source) for i, source in enumerate((text, *others))}
    facts = [unpack(path, packed) for path, file in files.items() for packed in facts_of(file.documents)]

    def load(fact: object) -> Object | None:
        path, where = getattr(fact, "path", ""), getattr(fact, "where", "")
        return next((obj for group in files[path].objects for obj in group if obj.where == where), None)

    spec = files["0.yaml"].objects[0][0].workflow_specs[0]
    return Flow(spec, Index(facts, files, (), load), "", "")


def levels(found: Flow) -> dict[str, int]:
    return {
        f"{template.name}.{item.name}": found.inputs.get((id(template.map), item.name), taint.CLEAN).level
        for template in found.spec.templates
        for item in template.inputs.parameters
    }


def test_alone_a_template_knows_submitters_callers_and_outputs() -> None:
    assert levels(flow()) == {
        "say.text": taint.SUBMITTER,
        "tell.text": taint.OUTPUT,
        "tell.fixed": taint.LITERAL,
        "library.text": taint.CALLER,
    }


def test_a_sensor_in_another_file_makes_it_an_event() -> None:
    found = flow(SENSOR)
    assert levels(found) == {
        "say.text": taint.SENDER,
        "tell.text": taint.SUBMITTER,  # an output of a step that was fed by the event
        "tell.fixed": taint.LITERAL,
        "library.text": taint.CALLER,
    }
    say = found.spec.template_named("say")
    assert say is not None
    path = found.inputs[id(say.map), "text"].path
    assert [label for _, label in path] == ["an event fills it here", "an argument of step `first`"]
    assert (path[0][0].path, SENSOR[slice(*path[0][0].span[:2])]) == ("1.yaml", "body.x")


def test_an_event_in_the_arguments_of_a_submission_counts() -> None:
    sensor = SENSOR.replace(
        "        operation: submit\n", "        operation: submit\n        args: [-p, msg=]\n"
    ).replace(
        "        parameters:\n        - {src: {dependencyName: d, dataKey: body.x}, dest: spec.arguments.parameters.0.value}\n",
        "    parameters:\n    - {src: {dependencyName: d, dataKey: body.x}, dest: argoWorkflow.args.1, operation: append}\n",
    )
    assert "argoWorkflow.args.1" in sensor
    assert levels(flow(sensor))["say.text"] == taint.SENDER
    assert levels(flow(sensor.replace("args.1", "args.7")))["say.text"] == taint.SUBMITTER


def test_what_a_template_exports_remembers_what_it_was_fed() -> None:
    exporting = TEMPLATE.replace(
        "inputs: {parameters: [{name: text}]}\n    container: {image: a}\n  - name: tell",
        "inputs: {parameters: [{name: text}]}\n    container: {image: a}\n"
        "    outputs: {parameters: [{name: o, globalName: said, valueFrom: {path: /o}}]}\n  - name: tell",
    ).replace("{{steps.first.outputs.result}}", "{{workflow.outputs.parameters.said}}")
    assert levels(flow(text=exporting))["tell.text"] == taint.OUTPUT
    found = flow(SENSOR, text=exporting)
    assert levels(found)["tell.text"] == taint.SUBMITTER
    tell = found.spec.template_named("tell")
    assert tell is not None
    assert [label for _, label in found.inputs[id(tell.map), "text"].path] == [
        "an event fills it here",
        "an argument of step `first`",
        "exported by template `say`",
        "an argument of step `second`",
    ]


def test_a_calendar_is_nobody_to_fear() -> None:
    assert levels(flow(SENSOR, CALENDAR))["say.text"] == taint.SUBMITTER


def test_a_webhook_is_open_to_everybody() -> None:
    webhook = CALENDAR.replace("calendar", "webhook")
    assert levels(flow(SENSOR, webhook))["say.text"] == taint.EVENT


def test_event_bindings_fill_parameters_too() -> None:
    found = flow(BINDING)
    assert {name: one.level for name, one in found.parameters.items()} == {
        "msg": taint.SUBMITTER,
        "other": taint.SENDER,  # who holds a token for Argo Server
    }
    words = flow(BINDING.replace("payload.x", "payload.pull_request.title"))
    assert words.parameters["other"].level == taint.EVENT


def test_callers_in_other_files_carry_events_along() -> None:
    sensor = SENSOR.replace("name: greet}", "name: caller}").replace(
        "{name: msg, value: x}", "{name: branch, value: x}"
    )
    assert levels(flow(CALLER, sensor))["library.text"] == taint.SENDER


def test_a_workflow_with_literals_only_is_clean() -> None:
    text = TEMPLATE.replace("kind: WorkflowTemplate", "kind: CronWorkflow").replace(
        "spec:\n", "spec:\n  schedules: ['0 1 * * *']\n  workflowSpec:\n"
    )
    head, _, rest = text.partition("  workflowSpec:\n")
    indented = "".join(f"  {line}" for line in rest.splitlines(keepends=True))
    assert levels(flow(SENSOR, text=f"{head}  workflowSpec:\n{indented}")) == {
        "say.text": taint.LITERAL,
        "tell.text": taint.OUTPUT,
        "tell.fixed": taint.LITERAL,
        "library.text": taint.LITERAL,
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("{{inputs.parameters.a}}", ["inputs.parameters.a"]),
        ("{{=asInt(inputs.parameters.a)}}", []),
        ("{{=sprig.b64enc(inputs.parameters.a)}} {{inputs.parameters.b}}", ["inputs.parameters.b"]),
        ("{{=upper(inputs.parameters.a)}}", ["inputs.parameters.a"]),
    ],
)
def test_conversions_make_values_harmless(text: str, names: list[str]) -> None:
    assert [use.text for use in risky_uses(text)] == names


INLINE = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s}
spec:
  template: {serviceAccountName: a}
  dependencies: [{name: d, eventSourceName: src, eventName: e}]
  triggers:
  - template:
      name: t
      k8s:
        operation: create
        source:
          inline: |
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: a-}
            spec:
              entrypoint: main
              arguments: {parameters: [{name: msg, value: x}]}
              templates:
              - name: main
                script: {image: "alpine:3.20", command: [sh], source: "echo {{workflow.parameters.msg}}"}
        parameters:
        - {src: {dependencyName: d, dataKey: body.x}, dest: spec.arguments.parameters.0.value}
"""


def test_workflows_written_in_a_string_of_a_trigger_are_followed_too() -> None:
    settings = Settings()
    settings.select = ("SEC101",)
    (finding,) = check([Source("s.yaml", INLINE)], settings).findings
    assert (finding.code, finding.severity) == ("SEC101", "warning")
    assert INLINE[finding.start : finding.end] == "workflow.parameters.msg"
    assert [(item.message, INLINE[item.start : item.end]) for item in finding.related] == [
        ("an event fills it here", "body.x")
    ]


def test_placeholders_that_a_parameter_overwrites_are_not_reported() -> None:
    text = SENSOR.replace("name: greet}", "name: to-be-filled}")
    filled = (
        text + "        - {src: {dependencyName: d, value: greet}, dest: spec.workflowTemplateRef.name}\n"
    )
    settings = Settings()
    settings.select = ("REF108",)
    reports = [check([Source("a.yaml", one), Source("b.yaml", TEMPLATE)], settings) for one in (text, filled)]
    assert [[item.code for item in report.findings] for report in reports] == [["REF108"], []]
