"""Grants and needs: who may do what, by the manifests of a tree."""

from __future__ import annotations

import pytest

from argolint.analysis.rbac import (
    Need,
    grants_of,
    plural_of,
    read_manifest,
    same_namespace,
    subjects_of,
)
from argolint.analysis.rbac_needs import object_needs
from argolint.api import index_of
from argolint.context import File
from argolint.model.view import Span
from argolint.project.index import Index
from argolint.text import SourceText
from argolint.yaml.loader import parse

RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: runner, namespace: argo}
rules:
- {apiGroups: [argoproj.io], resources: [workflowtaskresults], verbs: [create, patch]}
- {apiGroups: [""], resources: [configmaps], resourceNames: [settings], verbs: [get, create]}
- {apiGroups: [""], resources: ["*/log"], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner, namespace: argo}
subjects:
- {kind: ServiceAccount, name: runner, namespace: argo}
- {kind: Group, name: "system:serviceaccounts:ci"}
roleRef: {kind: Role, name: runner}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: outsider, namespace: argo}
subjects: [{kind: User, name: "system:serviceaccount:argo:outsider"}]
roleRef: {kind: ClusterRole, name: not-in-the-tree}
"""


def files(text: str) -> list[File]:
    return [File("f.yaml", SourceText(text), parse(text))]


def index(text: str) -> Index:
    return index_of(files(text))


def need(resource: str, verb: str, *, group: str = "", name: str = "", namespace: str = "") -> Need:
    return Need("runner", group, resource, verb, namespace, name, "", Span(0, 0))


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (need("workflowtaskresults", "create", group="argoproj.io"), True),
        (need("workflowtaskresults", "delete", group="argoproj.io"), False),
        (need("workflowtaskresults", "create"), False),
        (need("configmaps", "get", name="settings"), True),
        (need("configmaps", "get", name="other"), False),
        # resourceNames can never limit `create`: the object has no name yet when it is authorised
        (need("configmaps", "create", name="settings"), False),
        (need("pods/log", "get"), True),
        (need("pods", "get"), False),
        (need("workflowtaskresults", "create", group="argoproj.io", namespace="elsewhere"), False),
    ],
)
def test_what_a_bound_role_allows(wanted: Need, allowed: bool) -> None:
    assert grants_of(index(RBAC)).allows("argo", "runner", wanted) is allowed


def test_accounts_get_what_their_groups_get() -> None:
    grants = grants_of(index(RBAC))
    assert [grant.role.name for grant in grants.of("ci", "anyone")] == ["runner"]
    # bound in namespace argo, so it counts there and not in ci
    wanted = need("workflowtaskresults", "create", group="argoproj.io", namespace="argo")
    assert grants.allows("ci", "anyone", wanted)
    assert not grants.allows("ci", "anyone", wanted._replace(namespace="ci"))


def test_a_role_outside_the_tree_makes_an_account_unknown_not_wrong() -> None:
    grants = grants_of(index(RBAC))
    assert grants.is_open("argo", "outsider")
    assert grants.allows("argo", "outsider", need("secrets", "delete"))
    binding = index(RBAC).find("RoleBinding", "outsider")[0]
    assert list(subjects_of(binding)) == [("ServiceAccount", "argo", "outsider")]


def test_the_needs_of_a_workflow_name_account_verb_and_place() -> None:
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  serviceAccountName: runner
  entrypoint: main
  templates:
  - name: main
    steps: [[{name: a, template: job}]]
  - name: job
    serviceAccountName: jobs
    resource:
      action: apply
      manifest: |
        apiVersion: batch/v1
        kind: Job
        metadata: {name: "job-{{workflow.uid}}", namespace: batch}
  - name: call
    http: {url: "http://x"}
"""
    obj = files(text)[0].objects[0][0]
    needs = object_needs(obj, index(text), "")
    found = [(n.account, n.group, n.resource, n.verb, n.namespace) for n in needs]
    assert found == [
        ("jobs", "argoproj.io", "workflowtaskresults", "create", ""),
        ("jobs", "argoproj.io", "workflowtaskresults", "patch", ""),
        ("jobs", "batch", "jobs", "get", "batch"),
        ("jobs", "batch", "jobs", "create", "batch"),
        ("jobs", "batch", "jobs", "patch", "batch"),
        ("runner", "argoproj.io", "workflowtasksets", "list", ""),
        ("runner", "argoproj.io", "workflowtasksets", "watch", ""),
        ("runner", "argoproj.io", "workflowtasksets/status", "patch", ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}", ("", "ConfigMap", "b", "a")),
        ("apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: a-}", ("batch", "Job", "", "")),
        ("kind: {{inputs.parameters.kind}}\napiVersion: v1", None),
        ("a: [", None),
        ("", None),
        ("apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: B", None),
    ],
)
def test_reading_an_embedded_manifest(text: str, expected: tuple[str, ...] | None) -> None:
    assert read_manifest(text) == expected


def test_plurals() -> None:
    kinds = ["Job", "NetworkPolicy", "Ingress", "Gateway", "EventBus", "SparkApplication"]
    assert [plural_of(k) for k in kinds] == [
        "jobs",
        "networkpolicies",
        "ingresses",
        "gateways",
        "eventbus",
        "sparkapplications",
    ]


def test_a_namespace_that_is_not_written_matches_any() -> None:
    assert same_namespace("", "a")
    assert not same_namespace("a", "b")
