"""`argolint rbac`: what it prints makes the rules on missing permissions silent, and nothing is left over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argolint.api import Source, check
from argolint.cli import main
from argolint.clikit import guarded
from argolint.settings import Settings

WORKFLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: build-
  namespace: ci
spec:
  serviceAccountName: builder
  entrypoint: main
  artifactGC: {strategy: OnWorkflowDeletion, serviceAccountName: cleaner}
  templates:
  - name: main
    steps:
    - - {name: compile, template: compile}
      - {name: job, template: job}
      - {name: preview, template: preview}
      - {name: tell, template: tell}
      - {name: shared, templateRef: {name: shared, template: settings}}
  - name: compile
    container: {image: "alpine:3.20", command: [touch, /tmp/out]}
    outputs:
      artifacts:
      - {name: out, path: /tmp/out, s3: {key: "{{workflow.uid}}/out"}}
  - name: job
    resource:
      action: create
      successCondition: status.succeeded > 0
      manifest: |
        apiVersion: batch/v1
        kind: Job
        metadata: {generateName: job-, namespace: jobs}
  - name: preview
    resource:
      action: apply
      manifest: |
        apiVersion: v1
        kind: Namespace
        metadata: {name: preview}
  - name: tell
    http:
      url: https://example.com
      headers: [{name: Authorization, valueFrom: {secretKeyRef: {name: api, key: token}}}]
"""
SHARED = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: shared
  namespace: ci
spec:
  templates:
  - name: settings
    resource:
      action: get
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
"""
SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: push, namespace: events}
spec:
  template: {serviceAccountName: sensor}
  dependencies: [{name: push, eventSourceName: hook, eventName: push}]
  triggers:
  - template:
      name: build
      argoWorkflow:
        operation: submit-from
        source:
          resource:
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: shared, namespace: ci}
"""
PLAIN = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, namespace: ci}
spec:
  serviceAccountName: runner
  entrypoint: main
  templates:
  - name: main
    container: {image: "alpine:3.20", command: [echo]}
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    return guarded("argolint", main, ["rbac", *words])


def documents(text: str) -> list[dict[str, Any]]:
    return [json.loads(json.dumps(item)) for item in YAML().load_all(text)]


def missing_in(*sources: Source) -> list[str]:
    settings = Settings()
    settings.select = ("RBA1",)
    settings.extend_select = ()
    tokens = {"RBA105", "RBA119"}  # Secrets are no rights
    return [item.message for item in check(sources, settings).findings if item.code not in tokens]


def test_what_is_printed_is_all_that_is_missing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "build.yaml").write_text(WORKFLOW)
    (tree / "shared.yaml").write_text(SHARED)
    (tree / "sensor.yaml").write_text(SENSOR)
    sources = [Source("build.yaml", WORKFLOW), Source("shared.yaml", SHARED), Source("sensor.yaml", SENSOR)]
    assert run(".") == 0
    printed = capsys.readouterr().out
    assert missing_in(*sources, Source("rbac.yaml", printed)) == []
    # Each rule of it is needed: the tree without it lacks something.
    found = documents(printed)
    for i, item in enumerate(found):
        for j in range(len(item.get("rules", ()))):
            poorer = json.loads(json.dumps(found))
            del poorer[i]["rules"][j]
            texts = "\n---\n".join(json.dumps(one) for one in poorer)
            assert missing_in(*sources, Source("rbac.yaml", texts)) != [], item["rules"][j]


def test_the_printed_objects(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "build.yaml").write_text(WORKFLOW)
    (tree / "shared.yaml").write_text(SHARED)
    assert run("build.yaml", "shared.yaml") == 0
    found = documents(capsys.readouterr().out)
    assert [
        (item["kind"], item["metadata"]["name"], item["metadata"].get("namespace"), item.get("rules")) for item in found
        if item["kind"] in ("ServiceAccount", "Role", "ClusterRole")
    ] == [
        ("ServiceAccount", "builder", "ci", None),
        (
            "Role", "builder", "ci",
            [
                {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["api"], "verbs": ["get"]},
                {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["settings"], "verbs": ["get"]},
                {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
                {"apiGroups": ["argoproj.io"], "resources": ["workflowtasksets"], "verbs": ["list", "watch"]},
                {"apiGroups": ["argoproj.io"], "resources": ["workflowtasksets/status"], "verbs": ["patch"]},
            ],
        ),
        ("Role", "ci-builder", "jobs", [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "create"]}]),
        (
            "ClusterRole", "ci-builder", None,
            [
                {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["create"]},
                {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["preview"], "verbs": ["get", "patch"]},
            ],
        ),
        ("ServiceAccount", "cleaner", "ci", None),
        (
            "Role", "cleaner", "ci",
            [
                {"apiGroups": ["argoproj.io"], "resources": ["workflowartifactgctasks"], "verbs": ["list", "watch"]},
                {"apiGroups": ["argoproj.io"], "resources": ["workflowartifactgctasks/status"], "verbs": ["patch"]},
            ],
        ),
    ]  # fmt: skip
    bindings = [item for item in found if item["kind"].endswith("Binding")]
    assert bindings[1] == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "ci-builder", "namespace": "jobs"},
        "subjects": [{"kind": "ServiceAccount", "name": "builder", "namespace": "ci"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "ci-builder"},
    }
    assert [(item["kind"], item["metadata"].get("namespace")) for item in bindings] == [
        ("RoleBinding", "ci"),
        ("RoleBinding", "jobs"),
        ("ClusterRoleBinding", None),
        ("RoleBinding", "ci"),
    ]


def test_a_comment_says_who_needs_a_rule(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "a.yaml").write_text(PLAIN)
    assert run("a.yaml") == 0
    assert (
        capsys.readouterr().out
        == """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: runner
  namespace: ci
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: runner
  namespace: ci
rules:
  # for Workflow `a-`, template `main`
  - apiGroups: [argoproj.io]
    resources: [workflowtaskresults]
    verbs: [create, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: runner
  namespace: ci
subjects:
  - kind: ServiceAccount
    name: runner
    namespace: ci
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: runner
"""
    )


def test_the_platform_example_grants_just_what_it_needs(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repo / "examples" / "platform")
    assert run("--no-context", "templates", "cron") == 0
    printed = documents(capsys.readouterr().out)
    assert printed == documents(Path("rbac/workflow-runner.yaml").read_text())
    assert run("--check", "--no-context", ".") == 0
    assert capsys.readouterr().out == "argo/workflow-runner:\n  ok\n"


def test_check_says_what_differs(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "a.yaml").write_text(PLAIN)
    assert run("a.yaml") == 0
    granted = capsys.readouterr().out
    (tree / "rbac.yaml").write_text(granted.replace("[create, patch]", "[get, patch]"))
    assert run("--check", ".") == 1
    assert capsys.readouterr().out == (
        "ci/runner:\n"
        "  missing: create workflowtaskresults (argoproj.io), for Workflow `a-`, template `main`\n"
        "  excess:  get workflowtaskresults (argoproj.io), from Role runner\n"
    )
    assert run("--check", "-o", "json", ".") == 1
    rule = {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"]}
    assert json.loads(capsys.readouterr().out) == [
        {
            "serviceAccount": "runner",
            "namespace": "ci",
            "missing": [{**rule, "verbs": ["create"], "for": ["Workflow `a-`, template `main`"]}],
            "excess": [{**rule, "verbs": ["get"], "from": ["Role runner"]}],
            "unknown": False,
        }
    ]


def test_a_role_outside_the_manifests_is_not_judged(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "a.yaml").write_text(PLAIN)
    (tree / "rbac.yaml").write_text(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a, namespace: ci}\n"
        "subjects: [{kind: ServiceAccount, name: runner}]\nroleRef: {kind: ClusterRole, name: elsewhere}\n"
    )
    assert run("--check", ".") == 0
    assert capsys.readouterr().out == (
        "ci/runner:\n  unknown: it is bound to a role that is not among the manifests\n"
    )


def test_names_for_what_names_none(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = PLAIN.replace("  serviceAccountName: runner\n", "").replace(", namespace: ci", "")
    (tree / "a.yaml").write_text(bare)
    assert run("--namespace", "team", "--service-account", "worker", "-o", "json", "a.yaml") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(i["kind"], i["metadata"]) for i in found["items"]] == [
        (kind, {"name": "worker", "namespace": "team"}) for kind in ("ServiceAccount", "Role", "RoleBinding")
    ]
    assert run("a.yaml") == 0
    assert [(i["kind"], i["metadata"]) for i in documents(capsys.readouterr().out)] == [
        ("Role", {"name": "workflow"}),
        ("RoleBinding", {"name": "workflow"}),
    ]


def test_a_container_that_speaks_to_the_api_is_mentioned(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "a.yaml").write_text(PLAIN.replace("alpine:3.20", "bitnami/kubectl:1.30"))
    assert run("a.yaml") == 0
    assert "containers of a- seem to use the Kubernetes API" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "words", "message"),
    [
        (
            "a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            ["a.yaml"],
            "nothing in a.yaml needs permissions",
        ),
        ("a.yaml", PLAIN + "  broken: [", ["a.yaml"], "a.yaml: does not parse"),
        ("a.yaml", PLAIN, ["b.yaml"], "b.yaml"),
    ],
)
def test_what_cannot_be_done(
    tree: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, words: list[str], message: str
) -> None:
    (tree / name).write_text(text)
    assert run(*words) == 2
    assert message in capsys.readouterr().err
