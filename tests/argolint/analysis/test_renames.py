"""References that kustomize does not rename; what it does was compared with `kustomize build`."""

from __future__ import annotations

import pytest

from argolint.api import Source, check

ARGO = "apiVersion: argoproj.io/v1alpha1\n"
BASE = {
    "base/kustomization.yaml": "resources: [all.yaml]\n",
    "base/all.yaml": f"""apiVersion: v1
kind: ServiceAccount
metadata: {{name: runner}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data}}
---
{ARGO}kind: EventBus
metadata: {{name: main}}
spec:
  jetstream: {{version: "2.10.10"}}
---
{ARGO}kind: EventSource
metadata: {{name: clock}}
spec:
  eventBusName: main
  calendar:
    tick: {{interval: 10m}}
---
{ARGO}kind: Sensor
metadata: {{name: nightly}}
spec:
  eventBusName: main
  template: {{serviceAccountName: runner}}
  dependencies: [{{name: d, eventSourceName: clock, eventName: tick}}]
  triggers:
  - template: {{name: log, log: {{}}}}
---
{ARGO}kind: WorkflowTemplate
metadata: {{name: nightly}}
spec:
  entrypoint: main
  serviceAccountName: runner
  volumes:
  - {{name: data, persistentVolumeClaim: {{claimName: data}}}}
  - {{name: other, persistentVolumeClaim: {{claimName: elsewhere}}}}
  templates:
  - name: main
    container:
      image: alpine:3.20
      command: [echo]
      envFrom:
      - configMapRef: {{name: settings}}
      - secretRef: {{name: tokens}}
""",
}
GENERATORS = """configMapGenerator: [{name: settings, literals: [a=b]}]
secretGenerator: [{name: tokens, literals: [a=b]}]
"""


def found(**files: str) -> list[tuple[str, str]]:
    tree = BASE | {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    report = check(Source(path, text) for path, text in tree.items())
    return [
        (item.message.split("`")[1], item.message.split("`")[3])
        for item in report.findings
        if item.code == "GIT116"
    ]


def test_a_prefix_leaves_the_names_in_argos_kinds() -> None:
    names = found(dev__kustomization="resources: [../base]\nnamePrefix: dev-\n")
    assert [name for name, _ in names] == ["main", "main", "runner", "clock", "runner", "data"]
    assert {key for _, key in names} == {"namePrefix"}


def test_each_reference_is_told_of_once() -> None:
    overlays = {
        f"{name}__kustomization": f"resources: [../base]\nnamePrefix: {name}-\n" for name in ("dev", "prod")
    }
    assert len(found(**overlays)) == 6


def test_generated_names_end_in_a_hash() -> None:
    assert found(dev__kustomization="resources: [../base]\n" + GENERATORS) == [
        ("settings", "configMapGenerator"),
        ("tokens", "secretGenerator"),
    ]


def test_generated_names_without_a_hash_are_prefixed_all_the_same() -> None:
    plain = GENERATORS + "generatorOptions: {disableNameSuffixHash: true}\n"
    assert found(dev__kustomization="resources: [../base]\n" + plain) == []
    prefixed = found(dev__kustomization="resources: [../base]\nnamePrefix: dev-\n" + plain)
    assert prefixed[-2:] == [("settings", "namePrefix"), ("tokens", "namePrefix")]


def test_a_generator_may_say_it_of_one_name() -> None:
    one = "secretGenerator: [{name: tokens, literals: [a=b], options: {disableNameSuffixHash: true}}]\n"
    assert found(dev__kustomization="resources: [../base]\n" + one) == []


def test_a_component_generates_too() -> None:
    head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [../base]\n"
    assert len(found(part__kustomization=head + GENERATORS)) == 2


@pytest.mark.parametrize(
    "teacher", ["configurations: [argo.yaml]", "replacements: [{path: r.yaml}]", "transformers: [t.yaml]"]
)
def test_what_may_teach_kustomize_is_believed(teacher: str) -> None:
    assert found(dev__kustomization=f"resources: [../base]\nnamePrefix: dev-\n{teacher}\n") == []
    assert (
        found(
            dev__kustomization="resources: [../base]\nnamePrefix: dev-\n",
            top__kustomization=f"resources: [../dev]\n{teacher}\n",
        )
        == []
    )


@pytest.mark.parametrize(
    "files",
    [
        {
            "dev__kustomization": "resources: [../base]\nnamePrefix: dev-\npatches: [{patch: 'eventBusName: dev-main'}]\n"
        },
        {
            "dev__kustomization": "resources: [../base]\nnamePrefix: dev-\npatches: [{path: bus.yaml}]\n",
            "dev__bus": ARGO + "kind: Sensor\nmetadata: {name: nightly}\nspec: {eventBusName: dev-main}\n",
        },
    ],
)
def test_a_patch_that_says_the_new_name_is_believed(files: dict[str, str]) -> None:
    assert [name for name, _ in found(**files)] == ["runner", "clock", "runner", "data"]
