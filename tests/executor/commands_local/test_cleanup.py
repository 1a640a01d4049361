"""What is deleted with a run: its artifacts, unless their key was chosen by somebody or another run needs them."""

from __future__ import annotations

import pytest

from .conftest import HEAD, Project

pytestmark = pytest.mark.sandbox
MAKES = f"""{HEAD.replace("name: wf", "generateName: wf-")}spec:
  entrypoint: main
  templates:
  - name: main
    outputs:
      artifacts:
      - {{name: own, path: /tmp/own}}
      - {{name: dir, path: /tmp/dir, archive: {{none: {{}}}}}}
      - {{name: kept, path: /tmp/own, s3: {{key: "results/{{{{workflow.name}}}}/kept.tgz"}}}}
    script: {{image: alpine, command: [sh], source: "echo x > /tmp/own; mkdir /tmp/dir; echo y > /tmp/dir/f"}}
"""


def files(project: Project) -> list[str]:
    store = project.path / ".argolint/artifacts/s3/local"
    return sorted(str(p.relative_to(store)) for p in store.rglob("*") if p.is_file())


def test_artifacts_go_with_the_run_that_made_them(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", MAKES)
    for name in ("one", "two"):
        assert sandboxed.argorun("run", "wf.yaml", "--name", name, "-q").code == 0
    both = files(sandboxed)
    assert {"one/one/own.tgz", "results/one/kept.tgz", "two/two/own.tgz", "results/two/kept.tgz"} < set(both)
    assert sandboxed.argorun("runs", "gc", "--keep", "1", "--dry-run").out == "would delete one\n"
    assert files(sandboxed) == both
    assert sandboxed.argorun("runs", "gc", "--keep", "1").out == "deleted one\n"
    assert files(sandboxed) == [f for f in both if not f.startswith("one/")]
    assert not (sandboxed.path / ".argolint/artifacts/s3/local/one").exists()
    assert sandboxed.argorun("artifacts", "cp", "two", "out").code == 0
    assert (sandboxed.path / "out/two/own").read_text() == "x\n"


TWO = f"""{HEAD.replace("name: wf", "generateName: wf-")}spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{{name: make, template: make}}]
    - [{{name: use, template: use, arguments: {{artifacts: [{{name: own, from: "{{{{steps.make.outputs.artifacts.own}}}}"}}]}}}}]
  - name: make
    outputs: {{artifacts: [{{name: own, path: /tmp/own}}]}}
    container: {{image: alpine, command: [sh, -c, "echo x > /tmp/own"]}}
  - name: use
    inputs: {{artifacts: [{{name: own, path: /in}}]}}
    container: {{image: alpine, command: [sh, -c, "cat /in; exit 1"]}}
"""


def test_artifacts_that_another_run_took_over_stay(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO)
    assert sandboxed.argorun("run", "wf.yaml", "--name", "one", "-q").code == 1
    again = sandboxed.argorun("resubmit", "one", "--memoized", "--new-name", "two", "-q")
    assert again.code == 1, again.err
    (needed,) = files(sandboxed)
    assert needed.startswith("one/")
    assert sandboxed.argorun("delete", "one").out == "one deleted\n"
    assert files(sandboxed) == [needed]
    assert sandboxed.argorun("retry", "two", "-q").code == 1
    assert sandboxed.argorun("logs", "two", "use").out == "use: x\n"
