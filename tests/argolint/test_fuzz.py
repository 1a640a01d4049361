"""Hostile and broken input: never a traceback, never a change outside a repair, never long."""

from __future__ import annotations

import json
import random
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argolint import registry
from argolint.api import Report, Source, check_with
from argolint.batch import Input
from argolint.fix import fix_inputs
from argolint.report import FORMATS, View, renderer
from argolint.runner import INTERNAL_CODE, Plan
from argolint.settings import Settings
from argolint.text import decode
from argolint.yaml.edit import apply_edits
from tests.argolint.hostile import CASES, HEAD, bomb

SETTINGS = Settings()
SETTINGS.profile = "all"
SETTINGS.ignore = ("SCR101", "SCR103")  # they start processes
PLAN = Plan(registry.load(), SETTINGS)

SEED = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: a-
  annotations: {argolint.dev/ignore: "SEC reason"}
spec:
  entrypoint: main
  arguments: {parameters: [{name: x, value: "1"}]}
  templates:
  - name: main
    inputs: &in {parameters: [{name: y, value: "{{workflow.parameters.x}}"}]}
    steps:
    - - name: a
        template: job
        when: "{{inputs.parameters.y}} == 1 && true"
        arguments: {parameters: [{name: p, value: "{{=asInt(inputs.parameters.y) + 1}}"}]}
    - - {name: b, template: job, withItems: [1, yes, 010], arguments: {parameters: [{name: p, value: "{{item}}"}]}}
  - name: job
    inputs: {parameters: [{name: p}]}
    script:
      image: python:3
      command: [python]
      source: |
        print("{{inputs.parameters.p}}")  # argolint: ignore[SEC101] known
  - name: graph
    dag:
      tasks:
      - {name: a, template: job, depends: "b.Succeeded || c"}
      - name: b  # argolint: ignore[DAG]
        template: job
  - name: make
    resource:
      action: create
      manifest: |
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {name: "{{workflow.name}}-x"}
        spec: {entrypoint: nope}
---
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: c}
spec:
  schedules: ["0 25 * * *", "@daily"]
  timezone: Etc/UTC
  workflowSpec: {workflowTemplateRef: {name: t}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: n}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: s, namespace: n}]
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s}
spec:
  dependencies: [{name: d, eventSourceName: e, eventName: x}]
  triggers:
  - template:
      name: t
      argoWorkflow: {operation: submit, source: {resource: {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {generateName: a-}, spec: {}}}}
      parameters: [{src: {dependencyName: d, dataKey: body.x}, dest: spec.arguments.parameters.0.value}]
"""
PIECES = (
    "{{", "}}", "{{=", "- ", "- - ", ": ", "\n", "\n---\n", "'", '"', "|", ">", "&a ", "*a", "<<: *in", "!!int ", "\t", "[", "]", "{",
    "}", "#", "# argolint: ignore[", "null", "~", "\x00", "\ufeff", "\x1b[31m", "\u202e", "é", "中", "\U0001f600", "\r\n", "%", "? ", "0o7",
    "spec:", "steps:", "templates:", "name:", "withItems:", "(", ")", "9" * 400, "\\", "sprig.", "tasks.a.outputs.", "depends: ",
)  # fmt: skip


def lint(text: str) -> Report:
    report = check_with(PLAN, [Source("a.yaml", text)], SETTINGS)
    crashed = [item.message for item in report.findings if item.code == INTERNAL_CODE]
    traces = list(report.tracebacks)
    PLAN.tracebacks.clear()
    assert not crashed, traces[-1]
    for item in report.findings:
        assert 0 <= item.start <= item.end <= len(text) or item.path != "a.yaml", item
    return report


def mutated(seed: int) -> str:
    dice = random.Random(seed)
    text = SEED
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(text))
        kind = dice.randrange(5)
        if kind == 0:
            text = text[:at] + dice.choice(PIECES) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + dice.randint(1, 40) :]
        elif kind == 2:
            text = text[:at] + text[at : at + dice.randint(1, 200)] + text[at:]
        elif kind == 3:
            lines = text.split("\n")
            line = dice.randrange(len(lines))
            lines[line] = dice.choice(["  ", "    ", "- ", ""]) + lines[line].strip()
            text = "\n".join(lines)
        else:
            other = dice.randrange(len(text))
            low, high = min(at, other), max(at, other)
            text = text[:low] + text[high : high + 60] + text[low:high] + text[high + 60 :]
    return text


@pytest.mark.parametrize("block", range(12))
def test_mutated_manifests(block: int) -> None:
    for seed in range(block * 12, block * 12 + 12):
        lint(mutated(seed))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=40).map("".join))
def test_any_text(text: str) -> None:
    lint(text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    lint(decode(data)[0])


@pytest.mark.parametrize("seed", range(300, 340))
def test_repairs_change_nothing_else(seed: int) -> None:
    text = mutated(seed)
    for item in lint(text).findings:
        if item.fix is None:
            continue
        repaired = apply_edits(text, item.fix.edits)
        first, last = min(edit.start for edit in item.fix.edits), max(edit.end for edit in item.fix.edits)
        assert repaired.startswith(text[:first])
        assert repaired.endswith(text[last:])
    report, _, _ = fix_inputs(
        [Input("a.yaml", text.encode("utf-8", "replace"), True)], PLAN, SETTINGS, unsafe=True, write=False
    )
    assert not any(item.code == INTERNAL_CODE for item in report.findings)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_takes_every_finding(name: str) -> None:
    for seed in range(400, 412):
        report = lint(mutated(seed))
        shown = renderer(name)(View(report.findings, report.texts, report.summary))
        if name in ("json", "sarif", "gitlab", "rdjson"):
            json.loads(shown)
        elif name in ("junit", "checkstyle"):
            ET.fromstring(shown)
        if name in ("text", "concise"):
            assert not any(ord(char) < 32 and char != "\n" for char in shown.replace("\t", ""))


HOSTILE = {
    "aliases that multiply": (HEAD + bomb(), "aliases expand to more than"),
    "a thousand levels": (HEAD + "spec: " + "[" * 1000 + "]" * 1000 + "\n", "levels deep"),
    "a thousand block levels": (HEAD + "".join(" " * i + "a:\n" for i in range(1000)), "levels deep"),
    "a NUL byte": (HEAD + "spec: {entrypoint: a\x00b}\n", "a NUL byte is not allowed"),
    "a lone surrogate": (HEAD + "spec: {entrypoint: a\ud800b}\n", "U+D800 is not allowed"),
    "a terminal escape": (HEAD + "spec: {entrypoint: \x1b[2J}\n", "U+001B is not allowed"),
    "an anchor in itself": (HEAD + "spec: &a {b: *a}\n", "stands inside the very node"),
    "a file of dashes": ("- " * 5000, "levels deep"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_input_gets_a_clear_message(name: str) -> None:
    text, message = HOSTILE[name]
    start = time.process_time()
    report = lint(text)
    assert time.process_time() - start < 2
    assert any(message in item.message for item in report.findings), [
        item.message for item in report.findings
    ]


def test_line_breaks_and_marks_change_no_finding() -> None:
    plain = [(item.code, item.message) for item in lint(SEED).findings]
    for text in (SEED.replace("\n", "\r\n"), "\ufeff" + SEED):
        assert [
            (item.code, item.message) for item in lint(text).findings if item.code not in ("YML207", "SCR107")
        ] == plain


# Those that used to take longest. `make fuzz` runs them all, with every format and with repairs.
LONGEST = (
    "annotation ignore", "comments good", "containerset", "cron impossible", "dag cycle", "dag dense dependencies", "doc crons",
    "merge keys", "open tags", "parallel steps reading each other", "sensor triggers", "similar names",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", LONGEST)
def test_a_hundred_kilobytes_take_no_time(name: str) -> None:
    lint(SEED)  # what has to be imported, is
    start = time.process_time()
    lint(CASES[name])
    assert time.process_time() - start < 10


@pytest.mark.bench
@pytest.mark.parametrize("name", list(CASES))
def test_two_seconds_for_a_hundred_kilobytes(name: str) -> None:
    lint(SEED)
    start = time.process_time()
    report = lint(CASES[name])
    spent = {"lint": time.process_time() - start}
    for form in FORMATS:
        start = time.process_time()
        renderer(form)(View(report.findings, report.texts, report.summary))
        spent[form] = time.process_time() - start
    assert {what: seconds for what, seconds in spent.items() if seconds > 2} == {}


@pytest.mark.bench
@pytest.mark.parametrize("name", list(CASES))
def test_repairs_of_a_hundred_kilobytes(name: str) -> None:
    """A repair lints a file two to four times; it ends, and leaves a file that is read as well as before."""
    lint(SEED)
    start = time.process_time()
    report, _, _ = fix_inputs(
        [Input("a.yaml", CASES[name].encode("utf-8", "replace"), True)],
        PLAN,
        SETTINGS,
        unsafe=True,
        write=False,
    )
    assert time.process_time() - start < 5
    assert not any(item.code == INTERNAL_CODE for item in report.findings)


@pytest.mark.slow
def test_ten_megabytes_are_read_or_refused(tmp_path: Path) -> None:
    text = HEAD + "data: |\n" + "  x\n" * 2_600_000
    start = time.process_time()
    report = lint(text)
    assert time.process_time() - start < 20
    assert report.summary["objects"] == 1
