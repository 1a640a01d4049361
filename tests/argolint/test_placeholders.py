"""Manifests that another tool completes: placeholders, patches of kustomize, templates of other languages."""

from __future__ import annotations

from argolint.api import Source, check

PLACEHOLDERS = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: nightly-${APP}
spec:
  schedules: ["${SCHEDULE}"]
  timezone: ${ZONE}
  suspend: ${SUSPEND}
  concurrencyPolicy: ${POLICY}
  workflowSpec:
    serviceAccountName: ${ACCOUNT}
    entrypoint: main
    parallelism: ${COUNT}
    templates:
    - name: main
      activeDeadlineSeconds: ${SECONDS}
      container:
        image: ${IMAGE}
        command: [date]
        resources:
          limits:
            memory: ${MEMORY}
"""

PATCH = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: nightly
spec:
  suspend: true
  workflowSpec:
    nodeSelector:
      pool: batch
"""


def errors(path: str, text: str) -> list[tuple[str, int]]:
    """(code, line) of the errors in a text."""
    report = check([Source(path, text)])
    assert report.tracebacks == []
    return [
        (one.code, report.texts[one.path].line_col(one.start)[0])
        for one in report.findings
        if one.severity == "error"
    ]


def test_values_that_are_filled_in_later_are_not_judged() -> None:
    assert errors("cron.yaml", PLACEHOLDERS) == []


def test_patches_say_only_what_changes() -> None:
    for path in ("overlays/prod/nightly.yaml", "patches/nightly.yaml", "cron-patch.yaml"):
        assert errors(path, PATCH) == []
    assert {code for code, _ in errors("cron.yaml", PATCH)} == {"CRN103", "STR101"}


def test_a_file_that_escapes_braces_is_a_template_of_another_tool() -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  generateName: {{ name }}-\n"
        "spec:\n  entrypoint: main\n  templates:\n  - name: main\n    container:\n      image: alpine:3.20\n"
        "      args: [\"{{ '{{' }}workflow.name{{ '}}' }}\"]\n"
    )
    assert errors("w.yaml", text) == []


def test_a_null_in_json_is_a_field_that_a_program_left_out() -> None:
    text = (
        '{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "a-"}, "spec": {"entrypoint": "main",'
        ' "templates": [{"name": "main", "brandNew": null, "container": {"image": "alpine:3.20", "command": ["date"]}}]}}'
    )
    assert errors("w.json", text) == []
    assert errors("w.yaml", text) == [("SCH101", 1)]
