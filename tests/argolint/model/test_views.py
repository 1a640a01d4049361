"""Views of manifests: what they give, where it stands, and that they never raise."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from argolint.model.events import dependencies, event_names, triggers
from argolint.model.k8s import Object, objects_of
from argolint.model.rbac import policy_rules, role_ref, subjects
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.project.facts import facts_of, unpack
from argolint.yaml import Map, Seq, parse

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: demo-
  namespace: ci
  labels: {app: demo}
spec:
  entrypoint: main
  onExit: bye
  hooks:
    running:
      templateRef: {name: shared, template: notify, clusterScope: true}
  arguments:
    parameters:
    - name: msg
      value: hi
  templates:
  - name: main
    steps:
    - - name: a
        template: job
        when: "{{workflow.status}} == x"
        arguments:
          parameters: [{name: x, value: "1"}]
      - name: b
        inline:
          container: {image: alpine}
    - name: lone
      templateRef: {name: other, template: t}
  - name: flow
    dag:
      target: x
      tasks:
      - name: x
        template: job
        dependencies: [w]
        withItems: [1]
      - name: w
        inline:
          steps:
          - - name: z
              template: gone
  - name: job
    inputs:
      parameters:
      - name: x
      - {name: d, default: "1"}
      artifacts:
      - {name: art, path: /a}
    outputs:
      parameters:
      - {name: out, valueFrom: {path: /o}}
    container: {image: alpine}
    sidecars: [{name: s, image: b}]
"""


def load(text: str) -> list[Object]:
    return [obj for document in parse(text).documents for obj in objects_of(document.root, document.index)]


def spec_of(text: str = WORKFLOW) -> WorkflowSpec:
    spec: WorkflowSpec = load(text)[0].workflow_specs[0]
    return spec


def test_object_envelope() -> None:
    (obj,) = load(WORKFLOW)
    assert (obj.group, obj.kind, obj.name, obj.generate_name, obj.namespace) == (
        "argoproj.io", "Workflow", "", "demo-", "ci"
    )  # fmt: skip
    assert obj.ref == ("Workflow", "ci", "demo-")
    span = obj.name_span
    assert (WORKFLOW[span.start : span.end], span.where) == ("demo-", "metadata.generateName")
    assert obj.labels.text("app") == "demo"


def test_templates_and_types() -> None:
    spec = spec_of()
    assert [(template.name, template.type, template.where) for template in spec.templates] == [
        ("main", "steps", "spec.templates[0]"),
        ("flow", "dag", "spec.templates[1]"),
        ("job", "container", "spec.templates[2]"),
    ]
    assert [template.label for template in spec.all_templates] == [
        "template `main`", "inline template of step `b`", "template `flow`", "inline template of task `w`", "template `job`",
    ]  # fmt: skip
    assert [role for role, _ in spec.templates[2].containers] == ["main", "sidecar"]


def test_steps_groups_and_a_lone_mapping() -> None:
    steps = spec_of().templates[0].steps
    assert [[(step.name, step.where) for step in group] for group in steps.groups] == [
        [("a", "spec.templates[0].steps[0][0]"), ("b", "spec.templates[0].steps[0][1]")],
        [("lone", "spec.templates[0].steps[1]")],
    ]
    step = steps.named("a")
    assert step is not None
    assert (step.when, step.loops, step.kind) == ("{{workflow.status}} == x", [], "step")
    parameter = step.arguments.parameter("x")
    assert parameter is not None
    assert parameter.where == "spec.templates[0].steps[0][0].arguments.parameters[0]"


def test_tasks() -> None:
    dag = spec_of().templates[1].dag
    assert [(task.name, task.dependencies, task.loops, task.label) for task in dag.tasks] == [
        ("x", ["w"], ["withItems"], "task `x`"),
        ("w", [], [], "task `w`"),
    ]
    span = dag.tasks[0].dependency_span(0)
    assert (WORKFLOW[span.start : span.end], span.where) == (
        "w",
        "spec.templates[1].dag.tasks[0].dependencies[0]",
    )


def test_references_in_order_with_places() -> None:
    found = [
        (
            ref.how,
            ref.local,
            ref.object_kind,
            ref.object_name,
            ref.template_name,
            WORKFLOW[slice(*ref.name_span[:2])],
        )
        for ref in spec_of().references()
    ]
    assert found == [
        ("entrypoint", "main", "", "", "", "main"),
        ("onExit", "bye", "", "", "", "bye"),
        ("hook", "", "ClusterWorkflowTemplate", "shared", "notify", "shared"),
        ("template", "job", "", "", "", "job"),
        ("templateRef", "", "WorkflowTemplate", "other", "t", "other"),
        ("template", "job", "", "", "", "job"),
        ("template", "gone", "", "", "", "gone"),
    ]


def test_signatures_as_facts() -> None:
    fact = unpack("w.yaml", facts_of(parse(WORKFLOW).documents)[0])
    job = fact.template("job")
    assert job is not None
    assert [(port.name, port.required, port.value) for port in job.inputs] == [
        ("x", True, None),
        ("d", False, "1"),
    ]
    assert [(port.name, port.required) for port in job.input_artifacts] == [("art", True)]
    assert [port.name for port in job.outputs] == ["out"]
    assert job.has_result
    assert WORKFLOW[job.start : job.end] == "job"
    assert fact.data["entrypoint"] == "main"
    assert [(ref.how, ref.template) for ref in fact.references][:3] == [
        ("entrypoint", "main"),
        ("onExit", "bye"),
        ("hook", "notify"),
    ]


def test_places_of_absent_and_empty_values() -> None:
    text = "a:\nb: 1\n"
    view = View(parse(text).documents[0].root, "x")
    assert view.value_span("a") == (0, 1, "x.a")
    assert view.value_span("nope") == view.head == (0, 1, "x")
    assert view.entry_span("b") == (3, 7, "x.b")


def test_lists_and_embedded_objects() -> None:
    text = """\
apiVersion: v1
kind: List
items:
- apiVersion: argoproj.io/v1alpha1
  kind: Sensor
  metadata: {name: s, namespace: ev}
  spec:
    dependencies: [{name: d, eventSourceName: es, eventName: push}]
    triggers:
    - template:
        name: t
        argoWorkflow:
          operation: submit
          source:
            resource:
              apiVersion: argoproj.io/v1alpha1
              kind: Workflow
              metadata: {generateName: w-}
              spec:
                entrypoint: main
                templates: [{name: main, container: {image: a}}]
- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {k: v}}
"""
    objects = load(text)
    assert [(obj.kind, obj.where, obj.embedded) for obj in objects] == [
        ("Sensor", "items[0]", False),
        ("Workflow", "items[0].spec.triggers[0].template.argoWorkflow.source.resource", True),
        ("ConfigMap", "items[1]", False),
    ]
    sensor, workflow, _ = objects
    assert workflow.parent is sensor
    assert workflow.workflow_specs[0].templates[0].where.startswith("items[0].spec.triggers[0]")
    assert [(trigger.name, trigger.type) for trigger in triggers(sensor)] == [("t", "argoWorkflow")]
    assert [view.text("eventSourceName") for view in dependencies(sensor)] == ["es"]


def test_event_sources_and_rbac() -> None:
    (source,) = load(
        "apiVersion: argoproj.io/v1alpha1\nkind: EventSource\nspec:\n  replicas: 1\n  webhook: {a: {port: '1'}, b: {}}\n"
    )
    assert [(kind, name) for kind, name, _ in event_names(source)] == [("webhook", "a"), ("webhook", "b")]
    (role,) = load(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrules: [{apiGroups: [''], resources: [pods], verbs: [get, 1]}]\n"
    )
    assert [(rule.api_groups, rule.resources, rule.verbs) for rule in policy_rules(role)] == [
        ([""], ["pods"], ["get"])
    ]
    (binding,) = load(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: User, name: u}]\n"
    )
    assert role_ref(binding).text("name") == "r"
    assert [view.text("name") for view in subjects(binding)] == ["u"]


WRONG: list[Any] = [None, True, 7, 1.5, "text", "", [], {}, [[]], [{}], [None], {"a": None}, ["{{x}}"]]


def _seq(value: Any) -> Any:
    """Plain data as nodes, with made-up positions."""
    from argolint.yaml.nodes import empty_map, empty_seq

    if isinstance(value, dict):
        node = empty_map(0, 1)
        for key, item in value.items():
            node[key] = _seq(item)
            node.at[key] = (0, 1, 0, 1)
        return node
    if isinstance(value, list):
        items = empty_seq(0, 1)
        for item in value:
            items.append(_seq(item))
            items.at.append((0, 1))
        return items
    return value


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    if isinstance(node, Map):
        for key, value in node.items():
            found.append((node, key))
            found.extend(_places(value))
    elif isinstance(node, Seq):
        for i, value in enumerate(node):
            found.append((node, i))
            found.extend(_places(value))
    return found


def _touch(objects: list[Object]) -> None:
    """Use everything the views offer."""
    for obj in objects:
        assert obj.ref is not None
        assert obj.name_span is not None
        for spec in obj.workflow_specs:
            list(spec.references())
            for template in spec.all_templates:
                assert all(
                    value is not None
                    for value in [
                        template.type,
                        template.types,
                        template.label,
                        template.body,
                        template.containers,
                    ]
                )
                list(template.steps)
                assert template.dag.tasks is not None
                for step in template.children:
                    assert all(
                        value is not None
                        for value in [
                            step.label,
                            step.loops,
                            step.dependencies,
                            step.arguments.parameters,
                            step.hooks,
                        ]
                    )
        if obj.kind == "Sensor":
            assert isinstance(dependencies(obj) + triggers(obj), list)
        event_names(obj)
        policy_rules(obj)


@pytest.mark.parametrize("seed", range(4))
def test_views_never_raise_on_wrong_types(seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(150):
        document = parse(WORKFLOW).documents[0]
        for _ in range(choose.randint(1, 3)):
            holder, key = choose.choice(_places(document.root))
            holder[key] = _seq(choose.choice(WRONG))
        _touch(list(objects_of(document.root)))
        facts = facts_of([document])
        for fact in facts:
            unpack("x", fact)


@pytest.mark.slow
def test_views_of_the_corpus(shared: Path) -> None:
    kinds: dict[str, int] = {}
    for path in sorted((shared / "corpus").rglob("*.yaml")):
        objects = load(path.read_text(encoding="utf-8"))
        _touch(objects)
        for obj in objects:
            kinds[obj.kind] = kinds.get(obj.kind, 0) + 1
    assert kinds["Workflow"] > 200
    assert kinds["Sensor"] > 20
