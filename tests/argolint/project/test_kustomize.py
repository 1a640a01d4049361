"""Names that kustomizations give, and the references that are written with them."""

from __future__ import annotations

import pytest

from argolint.api import Source, check
from argolint.settings import Settings

ARGO = "apiVersion: argoproj.io/v1alpha1\n"
BASE = f"""apiVersion: v1
kind: ServiceAccount
metadata: {{name: runner, namespace: base}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: base}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: locks, namespace: base}}
data: {{main: "1"}}
---
{ARGO}kind: EventBus
metadata: {{name: main, namespace: base}}
spec:
  jetstream: {{version: "2.10.10"}}
---
{ARGO}kind: EventSource
metadata: {{name: clock, namespace: base}}
spec:
  eventBusName: main
  calendar:
    tick: {{interval: 10m}}
---
{ARGO}kind: WorkflowTemplate
metadata: {{name: build, namespace: base}}
spec:
  entrypoint: main
  templates:
  - name: main
    inputs:
      parameters: [{{name: text}}]
    container:
      image: alpine:3.20
      command: [echo, "{{{{inputs.parameters.text}}}}"]
"""
# `NAME` stands for what is put around a name.
USER = f"""{ARGO}kind: Sensor
metadata: {{name: nightly, namespace: dev}}
spec:
  eventBusName: <main>
  template: {{serviceAccountName: <runner>}}
  dependencies: [{{name: d, eventSourceName: <clock>, eventName: tick}}]
  triggers:
  - template: {{name: log, log: {{}}}}
---
{ARGO}kind: Workflow
metadata: {{name: whole, namespace: dev}}
spec:
  workflowTemplateRef: {{name: <build>}}
---
{ARGO}kind: Workflow
metadata: {{name: nightly, namespace: dev}}
spec:
  entrypoint: main
  serviceAccountName: <runner>
  synchronization:
    semaphores:
    - configMapKeyRef: {{name: <locks>, key: main}}
  volumes:
  - {{name: data, persistentVolumeClaim: {{claimName: <data>}}}}
  templates:
  - name: main
    steps:
    - - name: build
        templateRef: {{name: <build>, template: main}}
        arguments:
          parameters: [{{name: text, value: hello}}]
"""
WRONG = (
    "REF104",
    "REF105",
    "REF106",
    "REF107",
    "REF108",
    "REF130",
    "REF131",
    "REF132",
    "RBA202",
    "RBA203",
    "EVT101",
    "EVT103",
    "EVT104",
)
OVERLAY = "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n"


def findings(user: str, **files: str) -> list[tuple[str, str]]:
    """(code, name) of every reference that leads nowhere, in a tree of a base, an overlay and a folder that uses it."""
    tree = {
        "base/kustomization.yaml": f"{OVERLAY}resources: [all.yaml]\n",
        "base/all.yaml": BASE,
        "apps/user.yaml": user,
        **{name.replace("__", "/") + ".yaml": text for name, text in files.items()},
    }
    settings = Settings()
    settings.external_references = "error"
    report = check([Source(path, text) for path, text in tree.items()], settings)
    assert not report.tracebacks
    return [
        (item.code, report.texts[item.path].slice(item.start, item.end))
        for item in report.findings
        if item.code in WRONG and item.path == "apps/user.yaml"
    ]


def named(before: str, after: str = "") -> str:
    return USER.replace("<", before).replace(">", after)


@pytest.mark.parametrize(
    ("user", "files"),
    [
        (
            named("dev-"),
            {"dev__kustomization": f"{OVERLAY}resources: [../base]\nnamePrefix: dev-\nnamespace: dev\n"},
        ),
        (
            named("", "-eu"),
            {"dev__kustomization": f"{OVERLAY}resources: [../base]\nnameSuffix: -eu\nnamespace: dev\n"},
        ),
        (named(""), {"dev__kustomization": f"{OVERLAY}resources: [../base]\nnamespace: dev\n"}),
        (
            named("dev-", "-eu"),
            {
                "dev__kustomization": "resources: [../base/all.yaml]\nnamePrefix: dev-\nnameSuffix: -eu\nnamespace: dev\n"
            },
        ),
        (
            named("b-a-"),
            {
                "a__kustomization": f"{OVERLAY}resources: [../base]\nnamePrefix: a-\n",
                "b__kustomization": f"{OVERLAY}resources: [../a]\nnamePrefix: b-\nnamespace: dev\n",
            },
        ),
        (
            named("c-"),
            {
                "c__kustomization": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n",
                "dev__kustomization": f"{OVERLAY}resources: [../base]\ncomponents: [../c]\nnamespace: dev\n",
            },
        ),
    ],
    ids=["prefix", "suffix", "namespace", "a file, both", "two storeys", "component"],
)
def test_what_kustomize_makes_is_there(user: str, files: dict[str, str]) -> None:
    assert findings(user, **files) == []


ANYWHERE = BASE.replace(", namespace: base", "")
NOWHERE = named("dev-").replace(", namespace: dev", "")


def test_without_the_kustomization_they_are_not() -> None:
    missing = {name for _, name in findings(NOWHERE, base__all=ANYWHERE)}
    assert missing == {"dev-main", "dev-runner", "dev-clock", "dev-build", "dev-locks", "dev-data"}


def test_with_the_kustomization_they_are_without_any_namespace() -> None:
    overlay = f"{OVERLAY}resources: [../base]\nnamePrefix: dev-\n"
    assert findings(NOWHERE, base__all=ANYWHERE, dev__kustomization=overlay) == []


def test_a_name_that_nothing_makes_is_still_wrong() -> None:
    overlay = f"{OVERLAY}resources: [../base]\nnamePrefix: dev-\nnamespace: dev\n"
    user = named("dev-").replace("claimName: dev-data", "claimName: dev-dat")
    assert findings(user, dev__kustomization=overlay) == [("REF132", "dev-dat")]


def test_a_namespace_that_nothing_makes_is_still_wrong() -> None:
    overlay = f"{OVERLAY}resources: [../base]\nnamespace: prod\n"
    assert ("REF107", "build") in findings(named(""), dev__kustomization=overlay)


GENERATED = f"""{ARGO}kind: Workflow
metadata: {{name: nightly, namespace: dev}}
spec:
  entrypoint: main
  templates:
  - name: main
    container:
      image: alpine:3.20
      command: [env]
      envFrom:
      - configMapRef: {{name: <settings>}}
      - secretRef: {{name: <tokens>}}
      env:
      - name: LEVEL
        valueFrom:
          configMapKeyRef: {{name: <settings>, key: level}}
"""
GENERATORS = "configMapGenerator: [{name: settings, literals: [level=1]}]\nsecretGenerator: [{name: tokens, literals: [a=b]}]\n"


@pytest.mark.parametrize("options", ["", "generatorOptions: {disableNameSuffixHash: true}\n"])
@pytest.mark.parametrize("prefix", ["", "dev-"])
def test_what_is_generated_is_there(options: str, prefix: str) -> None:
    overlay = f"{OVERLAY}{GENERATORS}{options}" + (f"namePrefix: {prefix}\n" if prefix else "")
    user = GENERATED.replace("<", prefix).replace(">", "")
    assert findings(user, dev__kustomization=overlay) == []
    wrong = user.replace(f"secretRef: {{name: {prefix}tokens", f"secretRef: {{name: {prefix}token")
    assert findings(wrong, dev__kustomization=overlay) == [("REF131", f"{prefix}token")]


def test_arguments_are_checked_against_what_is_renamed() -> None:
    tree = {
        "base/all.yaml": BASE,
        "dev/kustomization.yaml": f"{OVERLAY}resources: [../base/all.yaml]\nnamePrefix: dev-\nnamespace: dev\n",
        "apps/user.yaml": named("dev-").replace("name: text", "name: txt"),
    }
    report = check([Source(path, text) for path, text in tree.items()])
    said = {(item.code, item.message) for item in report.findings if item.path == "apps/user.yaml"}
    assert ("PAR102", "`main` has no input parameter `txt`") in said or any(
        code == "PAR102" for code, _ in said
    )


def test_kustomizations_that_take_in_each_other_end() -> None:
    files = {
        "a__kustomization": f"{OVERLAY}resources: [../b, ../base]\nnamePrefix: a-\nnamespace: dev\n",
        "b__kustomization": f"{OVERLAY}resources: [../a]\nnamePrefix: b-\n",
    }
    assert findings(named("a-"), **files) == []


def test_flux_has_an_object_of_the_same_kind_which_renames_nothing() -> None:
    flux = (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux}\n"
        "spec: {path: ./dev, targetNamespace: dev}\n"
    )
    overlay = f"{OVERLAY}resources: [../base]\nnamePrefix: dev-\nnamespace: dev\n"
    assert findings(named("dev-"), dev__kustomization=overlay, dev__sync=flux) == []


def test_bindings_of_the_written_name_say_nothing_of_the_renamed_account() -> None:
    tree = {
        "base/all.yaml": BASE,
        "dev/kustomization.yaml": f"{OVERLAY}resources: [../base/all.yaml]\nnamePrefix: dev-\nnamespace: dev\n",
        "apps/user.yaml": named("dev-"),
    }
    report = check([Source(path, text) for path, text in tree.items()])
    assert [item.code for item in report.findings if item.code.startswith("RBA1")] == []
