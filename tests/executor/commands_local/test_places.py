"""What failed is told with the line of its template, and as an annotation where GitHub Actions runs it."""

from __future__ import annotations

import pytest

from .conftest import HEAD, Project

pytestmark = pytest.mark.sandbox
TEMPLATES = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  templates:
  - name: outer
    steps: [[{name: inner, template: work}]]
  - name: work
    container: {image: alpine, command: [sh, -c, "echo '::error::mine'; exit 4"]}
"""
WORKFLOW = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {{name: own, template: work}}
      - {{name: other, templateRef: {{name: shared, template: outer}}}}
  # a template of the same name as the other file's
  - name: work
    container: {{image: alpine, command: [sh, -c, exit 5]}}
"""


def test_each_failure_names_the_line_of_its_template(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", WORKFLOW)
    sandboxed.write("templates/shared.yaml", TEMPLATES)
    done = sandboxed.argorun("run", "wf.yaml", "--no-log", GITHUB_ACTIONS="true")
    assert done.code == 1
    told = done.err[done.err.index("--- ") : done.err.index("to run what failed")]
    assert set(told.split("--- ")[1:]) == {
        (
            "wf.own: main: Error (exit code 5)\n"
            "    template work at wf.yaml:13\n"
            "::error file=wf.yaml,line=13,title=argorun::wf.own: main: Error (exit code 5)\n"
        ),
        (
            "wf.other[0].inner: main: Error (exit code 4)\n"
            "    template work at templates/shared.yaml:8\n"
            "::error file=templates/shared.yaml,line=8,title=argorun::wf.other[0].inner: main: Error (exit code 4)\n"
            "    | ::error::mine\n"
        ),
    }
    plain = sandboxed.argorun("run", "wf.yaml", "--no-log", GITHUB_ACTIONS="").err
    assert "\n    template work at templates/shared.yaml:8\n    ::error::mine\n" in plain
    assert "::error file" not in plain


def test_a_run_of_a_template_and_of_standard_input(sandboxed: Project) -> None:
    sandboxed.write("templates/shared.yaml", TEMPLATES)
    done = sandboxed.argorun("run", "wftmpl/shared", "--entrypoint", "work", "--no-log")
    assert "    template work at templates/shared.yaml:8\n" in done.err
