"""`argorun event` as a user types it: transcripts, the objects that come of it, lint, and the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from executor.cli import main
from executor.events.envelope import event_of
from executor.events.sensor import go_through, holds
from tests.executor.events.test_filters import MOMENT

SENSOR = """apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: gh}
spec: {github: {app: {webhook: {endpoint: /push, port: "12000", method: POST}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: on-push}
spec:
  dependencies:
  - name: push
    eventSourceName: gh
    eventName: app
    filters: {data: [{path: body.ref, type: string, value: [refs/heads/main]}]}
  - {name: tick, eventSourceName: clock, eventName: tick}
  triggers:
  - template:
      name: build
      conditions: push
      argoWorkflow:
        operation: submit
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: build-}
            spec:
              entrypoint: main
              arguments: {parameters: [{name: sha, value: x}]}
              templates:
              - {name: main, inputs: {parameters: [{name: sha}]}, container: {image: alpine, command: [echo, "{{inputs.parameters.sha}}"]}}
        parameters:
        - {src: {dependencyName: push, dataKey: body.after}, dest: spec.arguments.parameters.0.value}
        - {src: {dependencyName: push, dataTemplate: '{{ .Input.body.repository.name }}-'}, dest: metadata.generateName, operation: prepend}
  - template:
      name: both
      http: {url: "http://example.com", payload: [{src: {dependencyName: push, dataKey: body.nothing, value: none}, dest: sha}]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    (tmp_path / "sensor.yaml").write_text(SENSOR)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_transcript_says_what_every_part_saw(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["event", "gh/app", "--sample", "github-push"]) == 0
    text, _, manifest = capsys.readouterr().out.partition("---\n")
    assert text.splitlines() == [
        "sensor on-push",
        "  ✔ push: gh/app",
        "      ✔ data body.ref = refs/heads/main: it is 'refs/heads/main'",
        "  ▶ trigger build (argoWorkflow submit): conditions push",
        f"      spec.arguments.parameters.0.value ← push dataKey body.after = '{'1' * 40}' (was 'x')",
        "      metadata.generateName ← push dataTemplate {{ .Input.body.repository.name }}- = 'app-build-' (was 'build-')",
        "  ○ trigger both (http): all dependencies: waits for tick",
    ]
    made = yaml.safe_load(manifest)
    assert made["metadata"] == {"generateName": "app-build-"}
    assert made["spec"]["arguments"]["parameters"] == [{"name": "sha", "value": "1" * 40}]


def test_a_second_event_fires_what_waits_for_both(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "tick.json").write_text("{}")
    words = ["event", "gh/app", "--sample", "github-push", "--with", "clock/tick=tick.json", "-o", "json"]
    assert main(words) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert [(f["name"], f["runs"], f["obj"] and f["obj"].get("sha")) for f in report["fired"]] == [
        ("build", True, None),
        ("both", True, "none"),
    ]


def test_what_is_filtered_out_triggers_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["event", "gh/app", "--sample", "github-tag"]) == 1
    out = capsys.readouterr().out
    assert "✖ data body.ref = refs/heads/main: it is 'refs/tags/v1.0.0'" in out
    assert "○ trigger build (argoWorkflow): conditions push: waits for push, tick" in out


def test_what_comes_of_an_event_is_linted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "p.json").write_text(
        json.dumps({"ref": "refs/heads/main", "after": "1", "repository": {"name": "BAD NAME"}})
    )
    assert main(["event", "gh/app", "--payload", "p.json"]) == 2
    seen = capsys.readouterr().err
    assert "sensor.yaml (triggered)" in seen
    assert "`BAD NAME-build-` is not a name that Kubernetes takes" in seen


def test_what_comes_of_an_event_runs(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["event", "gh/app", "--sample", "github-push", "--run"]) == 0
    assert "1" * 40 in capfd.readouterr().out
    assert len(list((here / ".argolint/runs").glob("app-build-*"))) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gh/other", "--sample", "github-push"], "no Sensor depends on gh/other"),
        (["gh", "--sample", "github-push"], "gh: not an event"),
        (["gh/app"], "there is no payload"),
        (["gh/app", "--sample", "nope"], "there is no sample 'nope'"),
        (["gh/app", "--payload", "sensor.yaml"], "sensor.yaml: not JSON"),
        (["gh/app", "--sample", "webhook", "--header", "x"], "--header 'x' is not NAME=VALUE"),
        (["gh/app", "--sample", "webhook", "--type", "carrier-pigeon"], "events of the type 'carrier-pigeon' are not known"),
        (["gh/app", "--sample", "webhook", "--time", "noon"], "--time noon: not an RFC 3339 time"),
        (["binding/argo/d", "--sample", "webhook"], "there is no WorkflowEventBinding"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(here: Path, words: list[str], message: str) -> None:
    from argolint.errors import UserError

    with pytest.raises(UserError, match=message):
        main(["event", *words])


def test_a_binding_submits_its_template(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "b.yaml").write_text(
        "kind: WorkflowEventBinding\nmetadata: {name: b}\nspec:\n"
        '  event: {selector: \'payload.message != "" && metadata["x-a"][0] == "1" && discriminator == "d"\'}\n'
        "  submit: {workflowTemplateRef: {name: t}, arguments: {parameters: [{name: m, valueFrom: {event: payload.message}}, {name: p, valueFrom: {event: payload}}]}}\n"
    )
    words = ["event", "binding/argo/d", "b.yaml", "--sample", "webhook", "-o", "json"]
    assert main([*words, "--header", "X-A=1"]) == 0
    (bound,) = json.loads(capsys.readouterr().out)
    assert bound["parameters"] == [["m", "hello"], ["p", '{"message":"hello"}']]
    assert bound["workflow"]["spec"]["workflowTemplateRef"] == {"name": "t"}
    assert main([*words, "--header", "X-A=2"]) == 1
    assert main(words) == 1
    assert "selector: " in json.loads(capsys.readouterr().out.split("]\n[")[-1].join(["[", ""]))[0]["problem"]


@pytest.mark.parametrize(
    ("conditions", "there", "value"),
    [
        ("", "a b", True), ("", "a", False), ("a && b", "a", False), ("a || b", "b", True), ("(a || b) && c", "b c", True),
        ("a || b && c", "a", True), ("a&&(b)", "a b", True),
    ],
)  # fmt: skip
def test_conditions(conditions: str, there: str, value: bool) -> None:
    event = event_of("webhook", "s", "e", {}, {}, MOMENT)
    names = ["a", "b"] if not conditions else ["a", "b", "c"]
    assert holds(conditions, dict.fromkeys(there.split(), event), names) is value


@pytest.mark.parametrize("conditions", ["a &&", "(a", "a b", "x", "a & b"])
def test_conditions_that_are_none(conditions: str) -> None:
    with pytest.raises(ValueError, match="conditions"):
        holds(conditions, {}, ["a", "b"])


def test_every_sensor_of_the_examples_is_gone_through(shared: Path) -> None:
    """No Sensor makes it fall over, whatever it is about."""
    count = 0
    for path in sorted((shared / "corpus" / "argo-events-examples").rglob("*.yaml")):
        for sensor in yaml.safe_load_all(path.read_text()):
            if not isinstance(sensor, dict) or sensor.get("kind") != "Sensor":
                continue
            count += 1
            for dependency in sensor["spec"]["dependencies"]:
                event = event_of(
                    "webhook",
                    dependency["eventSourceName"],
                    dependency["eventName"],
                    {"message": "hello"},
                    {},
                    MOMENT,
                )
                outcome = go_through(sensor, [event], lambda program, data: data, True)
                assert [s.dependency for s in outcome.seen].count(dependency["name"]) == 1
    assert count > 50
