"""What an event of a forge holds, and what it means for text that ends up in scripts."""

from __future__ import annotations

import pytest

from argolint.analysis.payloads import is_made, may_be_words
from argolint.api import Source, check

SOURCE = """\
apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: hub}
spec:
  github:
    pr:
      repositories: [{owner: o, names: [n]}]
      webhook: {endpoint: /push, port: "12000", method: POST}
      events: [pull_request]
      SECRET
"""
SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: pr}
spec:
  dependencies:
  - {name: pr, eventSourceName: hub, eventName: pr TRANSFORM}
  triggers:
  - template:
      name: run
      argoWorkflow:
        operation: submit
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: pr-}
            spec:
              entrypoint: main
              arguments: {parameters: [{name: text, value: ""}]}
              templates:
              - name: main
                container:
                  image: alpine:3.20
                  command: [sh, -c]
                  args: ["echo {{workflow.parameters.text}}"]
        parameters:
        - src: {dependencyName: pr, TAKEN}
          dest: spec.arguments.parameters.0.value
"""


def severity(taken: str, secret: str = "webhookSecret: {name: a, key: b}", transform: str = "") -> str:
    texts = [
        Source("source.yaml", SOURCE.replace("SECRET", secret)),
        Source("sensor.yaml", SENSOR.replace("TAKEN", taken).replace(" TRANSFORM", transform)),
    ]
    found = [item for item in check(texts).findings if item.code == "SEC101"]
    return f"{found[0].severity}: {found[0].message.partition(': ')[2].partition(' can')[0]}" if found else ""


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ("dataKey: body.pull_request.title", "error: whoever sends the event"),
        ("dataKey: body.pull_request.head.ref", "error: whoever sends the event"),
        ("dataKey: body", "error: whoever sends the event"),
        ("dataKey: body.commits.0.message", "error: whoever sends the event"),
        ("dataKey: body.commits.#.id", "warning: whoever submits the workflow"),
        ("dataKey: body.pull_request.number", "warning: whoever submits the workflow"),
        ("dataKey: body.pull_request.head.repo.unheard", "warning: whoever sends the event"),
        ('dataTemplate: "pr-{{ .Input.body.number }}-{{ .Input.body.after | substr 0 7 }}"', "warning: whoever submits the workflow"),
        ('dataTemplate: "{{ .Input.body.number }} {{ .Input.body.pull_request.title }}"', "error: whoever sends the event"),
        ('dataTemplate: "{{ toJson .Input }}"', "error: whoever sends the event"),
        ("dataTemplate: fixed", "warning: whoever submits the workflow"),
    ],
)  # fmt: skip
def test_what_a_forge_sends_that_is_checked(taken: str, expected: str) -> None:
    assert severity(taken) == expected


def test_without_the_check_anybody_can_send_any_number() -> None:
    assert severity("dataKey: body.pull_request.number", secret="insecure: false").startswith("error")


def test_a_transformation_may_give_fields_other_names() -> None:
    transform = ', transform: {jq: ".number = .title"}'
    assert severity("dataKey: body.pull_request.number", transform=transform).startswith("error")


def test_paths() -> None:
    assert is_made("body.repository.name")
    assert not is_made("body.label.name")
    assert may_be_words("body.label.name")
    assert may_be_words("body.head_commit.added.0")
    assert not may_be_words("body.repository.awsRegion")
