"""`-a NAME=PATH` and `--output-dir`: files in, files out."""

from __future__ import annotations

import pytest

from .conftest import HEAD, Project

pytestmark = pytest.mark.sandbox
WORKFLOW = f"""{HEAD}spec:
  entrypoint: main
  arguments: {{artifacts: [{{name: data, raw: {{data: default}}}}]}}
  templates:
  - name: main
    inputs: {{artifacts: [{{name: data, path: /in}}]}}
    outputs: {{artifacts: [{{name: copy, path: /out}}, {{name: list, path: /d}}]}}
    script: {{image: alpine, command: [sh], source: "cp -r /in /out; mkdir /d; (cat /in || ls /in) > /d/x"}}
"""


def test_a_file_goes_in_and_the_outputs_come_out(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", WORKFLOW)
    sandboxed.write("my data.txt", "mine\n")
    done = sandboxed.argorun("run", "wf.yaml", "-a", "data=my data.txt", "--output-dir", "out")
    assert done.code == 0, done.err
    assert (sandboxed.path / "out/wf/copy").read_text() == "mine\n"
    assert (sandboxed.path / "out/wf/list/x").read_text() == "mine\n"
    assert sandboxed.argorun("run", "wf.yaml", "--output-dir", "out", "--name", "two").code == 0
    assert (sandboxed.path / "out/two/copy").read_text() == "default"


def test_a_directory_goes_in(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", WORKFLOW)
    sandboxed.write("folder/a.txt", "a")
    assert sandboxed.argorun("run", "wf.yaml", "-a", "data=folder", "--output-dir", "out").code == 0
    assert (sandboxed.path / "out/wf/copy/a.txt").read_text() == "a"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-a", "data"], "-a 'data' is not NAME=PATH"),
        (["-a", "data=nothing"], "-a data: there is no file nothing"),
        (["-a", "data=wf.yaml", "--artifacts", "real"], "-a with --artifacts real"),
    ],
)
def test_what_is_no_artifact_is_refused(project: Project, words: list[str], message: str) -> None:
    project.write("wf.yaml", WORKFLOW)
    done = project.argorun("run", "wf.yaml", *words)
    assert done.code == 2
    assert message in done.err
