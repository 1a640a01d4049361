"""`argorun secrets init|check`, and `--strict-fidelity`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.cli import main

TEMPLATE = """apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: deploy}
spec:
  entrypoint: main
  templates:
  - name: main
    container:
      image: alpine
      command: ["true"]
      env:
      - {name: P, valueFrom: {secretKeyRef: {name: db, key: password}}}
      - {name: U, valueFrom: {secretKeyRef: {name: db, key: user}}}
      envFrom: [{secretRef: {name: all}}]
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {user: me}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    (tmp_path / "deploy.yaml").write_text(TEMPLATE)
    return tmp_path


def test_check_lists_what_is_missing_and_init_writes_a_file_to_fill_in(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["secrets", "check"]) == 4
    said = capsys.readouterr()
    assert said.out == (
        "all\n    deploy.yaml.templates[main].container.envFrom[0].secretRef\n"
        "db/password\n    deploy.yaml.templates[main].container.env[P].valueFrom.secretKeyRef\n"
    )
    assert said.err == "3 secrets are needed, 2 are missing\n"
    assert main(["secrets", "init"]) == 0
    file = here / ".argolint/secrets.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (
        file.read_text()
        == "# NAME/KEY=VALUE, one a line\ndb/password=\ndb/user=\n# all/KEY=  (all of its keys are used)\n"
    )
    file.write_text("db/password=hunter22\nall/a=1\n")
    capsys.readouterr()
    assert main(["secrets", "check"]) == 0
    assert main(["secrets", "init"]) == 0
    assert "db/password=hunter22\n" in file.read_text()


def test_strict_fidelity_refuses_before_the_start(here: Path) -> None:
    (here / "wf.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - name: main\n    nodeSelector: {a: b}\n    container: {image: alpine, command: ['true']}\n"
        "  - name: unused\n    tolerations: [{}]\n    container: {image: alpine, command: ['true']}\n"
    )
    with pytest.raises(UserError) as caught:
        main(["run", "wf.yaml", "--no-lint", "--strict-fidelity", "--runtime", "mock"])
    assert caught.value.message == (
        "a run on this machine would not be exact: mock: no container would be started ×1; nodeSelector ×1"
    )
    assert caught.value.exit_code == 4
    assert not (here / ".argolint").exists()
