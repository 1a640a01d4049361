"""Hooks: which subjects rules are called with, and what the context tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint import registry
from argolint.api import Source, check_with
from argolint.context import Context
from argolint.rule import HOOKS, Finding, Rule, rule
from argolint.runner import Plan
from argolint.settings import Settings

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: c, namespace: ops}
spec:
  schedules:
  - "0 * * * *"
  - "5 * * * *"
  timezone: Europe/Paris
  workflowSpec:
    entrypoint: main
    arguments: {parameters: [{name: p, value: "{{workflow.name}}"}]}
    templates:
    - name: main
      steps:
      - - name: a
          template: job
          when: "{{workflow.status}} == x"
    - name: flow
      dag:
        tasks:
        - name: t
          inline:
            script:
              image: "a:1"
              source: |
                first
                  echo {{inputs.parameters.x}}
    - name: job
      container: {image: "a:1", args: ["{{item}}", plain]}
---
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: s, namespace: ev}
spec:
  triggers:
  - template:
      name: t
      k8s:
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {generateName: w-}
            spec: {entrypoint: "{{x}}"}
---
just: a mapping
"""


def subjects(hook: str, text: str = CRON, **limits: Any) -> list[str]:
    """What a rule with this hook is called with, one line each."""
    seen: list[str] = []

    @rule("TST101", "probe", on=hook, severity="info", **limits)
    def probe(subject: Any, ctx: Context) -> Iterator[Finding]:
        """Notes its subject."""
        kind = ctx.object.kind if ctx.object else "-"
        seen.append(f"{type(subject).__name__} {kind} {ctx.namespace} {describe(subject)}".strip())
        yield from ()

    run(probe.__rule__, text)  # type: ignore[attr-defined]
    return seen


def run(item: Rule, text: str) -> Any:
    rules = registry.Rules()
    rules[item.code] = item
    settings = Settings()
    report = check_with(Plan(rules, settings), [Source("a.yaml", text)], settings)
    assert report.tracebacks == []
    return report


def describe(subject: Any) -> str:
    for name in ("value", "text", "label", "where"):
        found = getattr(subject, name, None)
        if isinstance(found, str) and len(found) < 60:
            return found
    return ""


def test_every_hook() -> None:
    assert subjects("object") == ["Object CronWorkflow ops", "Object Sensor ev",
        "Object Workflow ev spec.triggers[0].template.k8s.source.resource"]  # fmt: skip
    assert subjects("document") == [
        "DocumentView CronWorkflow ops",
        "DocumentView Sensor ev",
        "DocumentView -",
    ]
    assert subjects("spec") == [
        "WorkflowSpec CronWorkflow ops spec.workflowSpec",
        "WorkflowSpec Workflow ev spec.triggers[0].template.k8s.source.resource.spec",
    ]
    assert subjects("template") == [
        "Template CronWorkflow ops template `main`",
        "Template CronWorkflow ops template `flow`",
        "Template CronWorkflow ops inline template of task `t`",
        "Template CronWorkflow ops template `job`",
    ]
    assert subjects("steps") == ["Steps CronWorkflow ops spec.workflowSpec.templates[0].steps"]
    assert subjects("dag") == ["Dag CronWorkflow ops spec.workflowSpec.templates[1].dag"]
    assert subjects("step") == ["Step CronWorkflow ops step `a`", "Step CronWorkflow ops task `t`"]
    assert subjects("schedule") == [
        "Schedule CronWorkflow ops 0 * * * *",
        "Schedule CronWorkflow ops 5 * * * *",
    ]
    assert subjects("scalar") == [
        "Scalar CronWorkflow ops {{workflow.name}}",
        "Scalar CronWorkflow ops {{workflow.status}} == x",
        "Scalar CronWorkflow ops first\n  echo {{inputs.parameters.x}}",
        "Scalar CronWorkflow ops {{item}}",
        "Scalar Workflow ev {{x}}",
    ]
    assert len(subjects("source")) == 1
    assert subjects("project") == ["Index -"]
    assert subjects("suppression") == []
    assert len(HOOKS) == 12


def test_kinds_and_types_limit_the_calls() -> None:
    assert subjects("object", kinds=["Sensor"]) == ["Object Sensor ev"]
    assert subjects("spec", kinds=["Workflow"])[0].startswith("WorkflowSpec Workflow")
    assert subjects("template", types=["script", "dag"]) == [
        "Template CronWorkflow ops template `flow`",
        "Template CronWorkflow ops inline template of task `t`",
    ]
    assert subjects("step", types=["dag"]) == ["Step CronWorkflow ops task `t`"]
    assert subjects("scalar", kinds=["Workflow"]) == ["Scalar Workflow ev {{x}}"]


def test_a_scalar_knows_what_is_around_it_and_where_its_parts_are() -> None:
    found: list[Any] = []

    @rule("TST101", "probe", on="scalar", severity="info")
    def probe(scalar: Any, ctx: Context) -> Iterator[Finding]:
        """Points at the tag."""
        start = scalar.value.index("{{")
        end = scalar.value.index("}}") + 2
        found.append(
            (
                scalar.key,
                scalar.template.label if scalar.template else "",
                scalar.step.label if scalar.step else "",
                scalar.spec is not None,
            )
        )
        yield Finding(scalar.part(start, end), "tag")

    report = run(probe.__rule__, CRON)  # type: ignore[attr-defined]
    assert found == [
        ("value", "", "", True),
        ("when", "template `main`", "step `a`", True),
        ("source", "inline template of task `t`", "task `t`", True),
        (0, "template `job`", "", True),
        ("entrypoint", "", "", True),
    ]
    written = [report.texts["a.yaml"].slice(item.start, item.end) for item in report.findings]
    assert written == [
        "{{workflow.name}}",
        "{{workflow.status}}",
        "{{inputs.parameters.x}}",
        "{{item}}",
        "{{x}}",
    ]
    assert report.findings[3].where == "spec.workflowSpec.templates[2].container.args[0]"


def test_scalars_without_tags_and_yaml_inside_them() -> None:
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  templates:
  - name: main
    resource:
      action: create
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        data: [1,
"""

    @rule("TST101", "probe", on="template", severity="info")
    def probe(template: Any, ctx: Context) -> Iterator[Finding]:
        """Parses the manifest."""
        scalar = ctx.scalar(template.body, "manifest")
        assert scalar is not None
        assert ctx.scalar(template.body, "nope") is None
        for document in ctx.embedded(scalar):
            for problem in document.problems:
                yield Finding(scalar.part(problem.start, problem.end), problem.message)

    report = run(probe.__rule__, text)  # type: ignore[attr-defined]
    assert [report.texts["a.yaml"].line_col(item.start) for item in report.findings] == [(12, 17)]


def test_findings_of_source_rules_name_the_object_they_are_in() -> None:
    @rule("TST101", "probe", on="source", severity="info")
    def probe(file: Any, ctx: Context) -> Iterator[Finding]:
        """Points into the second document."""
        at = file.text.index("triggers")
        yield Finding((at, at + 8), "here")

    report = run(probe.__rule__, CRON)  # type: ignore[attr-defined]
    assert [tuple(item.object) for item in report.findings] == [("Sensor", "ev", "s")]
