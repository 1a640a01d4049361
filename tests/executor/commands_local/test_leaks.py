"""Secrets that take a roundabout way: quoted findings, files that were staged for a step that then failed."""

from __future__ import annotations

import re

import pytest

from .conftest import HEAD, Project

CANARY = "canary-4711-Zq"
SECRET = f"""apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData: {{password: {CANARY}}}
"""
PASSED_ON = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {{name: read, template: read}}
    - - {{name: use, template: use, arguments: {{parameters: [{{name: p, value: "{{{{steps.read.outputs.result}}}}"}}]}}}}
  - name: read
    container:
      image: alpine
      command: [sh, -c, 'echo "$PW"']
      env: [{{name: PW, valueFrom: {{secretKeyRef: {{name: db, key: password}}}}}}]
  - name: use
    inputs: {{parameters: [{{name: p}}]}}
    script: {{image: alpine, command: [sh], source: "echo '{{{{inputs.parameters.p}}}}' | wc -c; exit 1"}}
"""


def test_a_finding_about_a_secret_does_not_quote_its_value(project: Project) -> None:
    project.write("wf.yaml", f"{SECRET}---\n{PASSED_ON}")
    done = project.argorun("run", "wf.yaml")
    assert done.code == 2
    assert re.search(r"stringData: \{password: \*+\}\n", done.err)
    assert CANARY not in done.out + done.err


@pytest.mark.sandbox
def test_what_was_staged_for_a_step_that_failed_is_removed(sandboxed: Project) -> None:
    sandboxed.write("secret.yaml", SECRET)
    sandboxed.write("wf.yaml", PASSED_ON)
    assert sandboxed.argorun("run", "wf.yaml").code == 1
    assert sandboxed.argorun("logs", "wf", "use").out == f"use: {len(CANARY) + 1}\n"
    kept = [p for p in sandboxed.path.rglob("*") if p.is_file() and p.name != "secret.yaml"]
    assert [str(p) for p in kept if CANARY.encode() in p.read_bytes()] == []
    shown = sandboxed.argorun("shell", "wf", "use", "--", "sh", "/argo/staging/script")
    assert (shown.code, shown.out) == (1, f"{len(CANARY) + 1}\n")


@pytest.mark.sandbox
@pytest.mark.parametrize("form", ["text", "json", "junit", "tap"])
def test_no_report_of_tests_and_no_snapshot_shows_what_a_real_step_printed(
    sandboxed: Project, form: str
) -> None:
    sandboxed.write("secret.yaml", SECRET)
    sandboxed.write("wf.yaml", PASSED_ON)
    sandboxed.write(
        "wf.test.yaml",
        """
workflow: wf.yaml
cases:
- name: real
  unmocked: run
  snapshot: true
  expect: {phase: Succeeded, nodes: {read: {outputs: {result: other}}, use: {inputs: {parameters: {p: y}}}}}
""",
    )
    done = sandboxed.argorun("test", "wf.test.yaml", "--update-snapshots", "--format", form)
    assert done.code == 1
    assert "its result is '***'" in done.out.replace("&#x27;", "'").replace("\\'", "'")
    snapshot = (sandboxed.path / "__snapshots__/wf.test.real.txt").read_text()
    assert "echo '***' | wc -c; exit 1" in snapshot
    assert CANARY not in done.out + done.err + snapshot
