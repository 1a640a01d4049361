"""Kustomize's patches say only what is to change: they are not judged for what stands in the object that they change."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.analysis.patches import Extent, Kustomized, extent, spared
from argolint.api import Report, Source, check
from argolint.batch import collect, lint
from argolint.diagnostic import Diagnostic
from argolint.registry import load
from argolint.runner import Plan
from argolint.settings import Settings

ARGO = "apiVersion: argoproj.io/v1alpha1\n"
TREE = {
    "base/kustomization.yaml": "resources: [template.yaml, sensor.yaml]\n",
    "base/template.yaml": ARGO
    + """kind: WorkflowTemplate
metadata: {name: build}
spec:
  entrypoint: main
  templates:
  - name: main
    container: {image: "alpine:3.20", command: [echo]}
""",
    "base/sensor.yaml": ARGO
    + """kind: Sensor
metadata: {name: build}
spec:
  dependencies: [{name: push, eventSourceName: hooks, eventName: push}]
  triggers:
  - template: {name: log, log: {}}
""",
    "prod/kustomization.yaml": """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../base]
components: [../alert]
patches:
- path: template.yaml
- path: sensor.yaml
- path: ./cron.yaml
- path: roles.yaml
""",
    "prod/template.yaml": ARGO
    + """kind: WorkflowTemplate
metadata: {name: build}
spec:
  templates:
  - name: main
    container: {resources: {limits: {memory: 1Gi}}}
""",
    "prod/sensor.yaml": ARGO + "kind: Sensor\nmetadata: {name: build}\nspec: {replicas: 2}\n",
    "prod/cron.yaml": ARGO + "kind: CronWorkflow\nmetadata: {name: nightly}\nspec: {suspend: true, workflowSpec: {priority: 3}}\n",
    "prod/roles.yaml": """apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: builder}
subjects: [{kind: ServiceAccount, name: builder, namespace: ci}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: old}
$patch: delete
""",
    "alert/kustomization.yaml": """apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patchesStrategicMerge: [on-exit.yaml]
""",
    "alert/on-exit.yaml": ARGO
    + """kind: WorkflowTemplate
metadata: {name: build}
spec:
  onExit: alert
  templates:
  - name: alert
    container: {image: "alpine:3.20", command: [echo, "{{workflow.status}}"]}
""",
}  # fmt: skip


def with_profile(profile: str) -> Settings:
    settings = Settings()
    settings.profile = profile
    return settings


def errors(tree: dict[str, str]) -> list[tuple[str, str]]:
    report = check([Source(path, text) for path, text in tree.items()], with_profile("all"))
    return [(item.path, item.code) for item in report.findings if item.severity == "error"]


def test_a_tree_with_patches_of_any_name_has_no_errors() -> None:
    assert errors(TREE) == []


def test_the_same_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    settings = with_profile("all")
    report = lint(collect(["."], settings), Plan(load(), settings), settings)
    assert [(item.path, item.code) for item in report.findings if item.severity == "error"] == []
    assert report.summary["files"] == len(TREE)


def test_without_the_kustomization_they_are_objects_like_others() -> None:
    tree = {path: text for path, text in TREE.items() if path.startswith("prod/") and "kustom" not in path}
    assert sorted(errors(tree)) == [
        ("prod/cron.yaml", "CRN103"),
        ("prod/cron.yaml", "STR101"),
        ("prod/roles.yaml", "SCH105"),
        ("prod/sensor.yaml", "EVT105"),
        ("prod/sensor.yaml", "EVT105"),
        ("prod/template.yaml", "STR108"),
    ]


def test_values_in_a_patch_are_judged() -> None:
    tree = {
        **TREE,
        "prod/sensor.yaml": ARGO + "kind: Sensor\nmetadata: {name: build}\nspec: {replicas: two}\n",
        "prod/cron.yaml": ARGO
        + 'kind: CronWorkflow\nmetadata: {name: nightly}\nspec: {schedules: ["61 * * * *"], suspended: true}\n',
    }
    assert errors(tree) == [
        ("prod/cron.yaml", "CRN101"),
        ("prod/cron.yaml", "SCH101"),
        ("prod/sensor.yaml", "SCH104"),
    ]


def test_a_kustomization_need_not_say_its_kind() -> None:
    without = TREE["prod/kustomization.yaml"].partition("resources")
    assert errors({**TREE, "prod/kustomization.yaml": "".join(without[1:])}) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("prod/cron.yaml", "patch"),
        ("prod/overlays/full.yaml", ""),
        ("prod/overlays/other.yaml", "perhaps"),
        ("prod/patches/sensor.yaml", "patch"),
        ("prod\\patches\\sensor.yaml", "patch"),
        ("patch-cron.yaml", "patch"),
        ("cron_patch.yaml", "patch"),
        ("dispatch.yaml", ""),
        ("base/cron.yaml", ""),
    ],
)
def test_what_is_a_patch(path: str, expected: Extent) -> None:
    known = Kustomized(frozenset({"prod/cron.yaml"}), frozenset({"prod/overlays/full.yaml"}))
    assert extent(path, known) == expected


def test_what_is_not_said_of_patches() -> None:
    assert [spared("EVT105", of) for of in ("patch", "perhaps", "")] == [True, True, False]
    assert [spared("PAR101", of) for of in ("patch", "perhaps", "")] == [True, False, False]
    assert [spared("SCH104", of) for of in ("patch", "perhaps", "")] == [False, False, False]


def test_the_patches_of_a_component_are_patches() -> None:
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: limits.yaml}]\n"
    )
    limits = "kind: CronWorkflow\nmetadata: {name: nightly}\nspec: {startingDeadlineSeconds: 60, workflowSpec: {priority: 3}}\n"
    report = check(
        [Source("slow/kustomization.yaml", component), Source("slow/limits.yaml", ARGO + limits)], Settings()
    )
    assert [item.code for item in report.findings] == []


INLINE = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [base]
patches:
- target: {kind: WorkflowTemplate}
  patch: |-
    - {op: add, path: /spec/parallelism, value: 3}
- patch: |-
    apiVersion: argoproj.io/v1alpha1
    kind: WorkflowTemplate
    metadata: {name: build}
    spec:
      serviceAccountNam: x
      templates:
      - name: main
        $patch: delete
      - name: other
        container: {image: "alpine:3.20", imagePullPolic: Always}
- patch: "apiVersion: argoproj.io/v1alpha1\\nkind: Workflow\\nmetadata: {name: x}\\nspec: {parallelism: '3'}\\n"
- path: patch.yaml
patchesStrategicMerge:
- other.yaml
- |-
  apiVersion: argoproj.io/v1alpha1
  kind: CronWorkflow
  metadata: {name: nightly}
  spec:
    schedules: ["61 * * * *"]
"""


@pytest.mark.parametrize("head", ["", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"])
def test_patches_written_in_a_kustomization_are_judged_where_they_stand(head: str) -> None:
    text = INLINE.partition("kind: Kustomization\n")[2]
    report = check([Source("kustomization.yaml", head + text)])
    first = 1 + head.count("\n")
    said = [
        (
            item.code,
            report.texts[item.path].line_col(item.start)[0] - first,
            _at(report, item),
            item.object.kind,
        )
        for item in report.findings
        if item.severity == "error"
    ]
    assert said == [
        ("SCH101", 10, "serviceAccountNam", "WorkflowTemplate"),
        ("SCH101", 15, "imagePullPolic", "WorkflowTemplate"),
        ("SCH104", 16, "'3'", "Workflow"),
        ("CRN101", 25, "61", "CronWorkflow"),
    ]
    assert {item.where.partition("<")[0] for item in report.findings if item.code == "SCH101"} == {
        "patches[1].patch"
    }


def test_patches_written_in_a_kustomization_are_no_objects_of_the_tree() -> None:
    base = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: build}\nspec:\n  templates:\n"
    base += "  - name: main\n    container: {image: 'alpine:3.20', command: [echo]}\n"
    patch = INLINE.replace("nam: x", "name: x").replace("imagePullPolic:", "imagePullPolicy:")
    report = check([Source("base/all.yaml", base), Source("kustomization.yaml", patch)])
    told = {item.code for item in report.findings if item.object.kind == "WorkflowTemplate"}
    assert told.isdisjoint({"REF135", "REF102", "STR101", "GIT103", "GIT109"})


def _at(report: Report, item: Diagnostic) -> str:
    return report.texts[item.path].slice(item.start, item.end)
