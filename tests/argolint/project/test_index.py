"""Lookups across files."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.api import index_of
from argolint.context import read
from argolint.model.k8s import Object, objects_of
from argolint.project.index import Index, did_you_mean, is_literal, suggest
from argolint.yaml import parse


def workflow_template(
    name: str, namespace: str = "", template: str = "t", kind: str = "WorkflowTemplate"
) -> str:
    where = f", namespace: {namespace}" if namespace else ""
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n"
        f"spec: {{templates: [{{name: {template}, inputs: {{parameters: [{{name: p}}]}}, container: {{image: a}}}}]}}\n"
    )


def index(**files: str) -> Index:
    return index_of(read(name, text) for name, text in files.items())


def reference(ref: str) -> Any:
    text = f"kind: Workflow\nspec: {{templates: [{{name: m, steps: [[{{name: s, templateRef: {ref}}}]]}}]}}\n"
    (obj,) = objects_of(parse(text).documents[0].root)
    return next(obj.workflow_specs[0].references())


def test_namespaces_match_when_they_agree_or_are_not_said() -> None:
    found = index(a=workflow_template("x", "one"), b=workflow_template("x", "two"), c=workflow_template("x"))
    assert [fact.path for fact in found.find("WorkflowTemplate", "x")] == ["a", "b", "c"]
    assert [fact.path for fact in found.find("WorkflowTemplate", "x", "one")] == ["a", "c"]
    assert found.find("WorkflowTemplate", "y") == []
    assert found.names("WorkflowTemplate", "two") == ["x"]


def test_cluster_scoped_objects_have_no_namespace() -> None:
    found = index(a=workflow_template("x", "one", kind="ClusterWorkflowTemplate"))
    assert len(found.find("ClusterWorkflowTemplate", "x", "two")) == 1
    ref = reference("{name: x, template: t, clusterScope: true}")
    resolved = found.template(ref, "two")
    assert resolved is not None
    fact, template = resolved
    assert (fact.path, template.name, [port.name for port in template.inputs]) == ("a", "t", ["p"])
    assert found.template(reference("{name: x, template: t}"), "two") is None


def test_a_template_is_looked_for_in_every_object_of_that_name() -> None:
    found = index(a=workflow_template("x", "", "one"), b=workflow_template("x", "", "two"))
    resolved = found.template(reference("{name: x, template: two}"))
    assert resolved is not None
    assert resolved[0].path == "b"
    assert sorted(found.templates_of("WorkflowTemplate", "x")) == ["one", "two"]
    assert found.template(reference("{name: x, template: three}")) is None


def test_objects_can_be_loaded_and_broken_files_are_known() -> None:
    found = index(a=f"---\n{workflow_template('x')}", b="kind: [\n")
    (fact,) = found.find("WorkflowTemplate", "x")
    loaded = found.load(fact)
    assert isinstance(loaded, Object)
    assert loaded.name == "x"
    assert found.broken == ["b"]


@pytest.mark.parametrize(
    ("kind", "body", "data"),
    [
        ("ConfigMap", "data: {a: secret}\nbinaryData: {b: x}", {"keys": ("a", "b"), "type": "", "annotations": {}}),
        ("ServiceAccount", "secrets: [{name: t}]", {"annotations": {}, "secrets": ("t",), "imagePullSecrets": (), "automount": None}),
        ("Role", "rules: [{verbs: [get]}]", {"rules": [{"verbs": ["get"]}], "aggregationRule": None}),
        ("EventSource", "spec: {webhook: {e: {}}}", {"events": (("webhook", "e"),), "bus": "", "service_account": ""}),
        ("SealedSecret", "spec: {encryptedData: {k: x}}", {"keys": ("k",)}),
        ("Sensor", "spec: 5", {"dependencies": (), "bus": "", "service_account": ""}),
    ],
)  # fmt: skip
def test_facts_by_kind(kind: str, body: str, data: dict[str, Any]) -> None:
    (fact,) = index(a=f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: n}}\n{body}\n").of_kind(kind)
    assert fact.data == data


def test_suggestions() -> None:
    assert suggest("biuld", ["build", "test"]) == "build"
    assert suggest("BUILD", ["build", "test"]) == "build"
    assert suggest("xyz", ["build"]) == ""
    assert did_you_mean("biuld", ["build"]) == "did you mean `build`?"
    assert did_you_mean("xyz", ["b", "a"]) == "known names: `a`, `b`"
    assert did_you_mean("xyz", []) == ""


@pytest.mark.parametrize(
    ("name", "literal"), [("build", True), ("{{x}}", False), ("a-<ENV>", False), ("${A}", False), ("", False)]
)
def test_placeholders_are_not_names(name: str, literal: bool) -> None:
    assert is_literal(name) is literal
