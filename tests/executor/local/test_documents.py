"""`local.documents`: what is refused instead of run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor import cli

HELM = "kind: Workflow\nspec:\n  entrypoint: {{ .Values.entry }}\n"
PARSES = "kind: Workflow\nspec:\n  entrypoint: '{{ .Values.entry }}'\n"
JINJA = "kind: Workflow\n{% if nightly %}\nspec: {}\n{% endif %}\n"
REMEDY = "use what it renders to: `helm template … | argorun simulate -` (`run` reads `-`, too), or save that to a file"


@pytest.mark.parametrize("verb", ["run", "simulate", "graph"])
@pytest.mark.parametrize("text", [HELM, PARSES, JINJA])
def test_a_template_is_named_as_one(verb: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as refused:
        cli.main([verb, str(file)])
    assert refused.value.message == f"{file} is a Helm or Jinja template, which has to be rendered first"
    assert refused.value.remedy == REMEDY


def test_a_template_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(HELM))
    with pytest.raises(UserError, match="<stdin> is a Helm or Jinja template"):
        cli.main(["simulate", "-"])


def test_a_test_of_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flow.yaml").write_text(HELM)
    (tmp_path / "flow.test.yaml").write_text(
        "workflow: flow.yaml\ncases:\n- name: passes\n  expect: {phase: Succeeded}\n"
    )
    assert cli.main(["test", str(tmp_path)]) == 2
    assert f"{tmp_path / 'flow.yaml'} is a Helm or Jinja template" in capsys.readouterr().err


def test_yaml_that_is_no_template_is_to_be_corrected(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text("kind: Workflow\nspec: [\n")
    with pytest.raises(UserError) as refused:
        cli.main(["simulate", str(file)])
    assert refused.value.remedy == "correct the YAML"
