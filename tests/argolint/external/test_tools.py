"""Rules that ask another program: its absence is said, and forgotten when it comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.cli import main
from argolint.errors import UserError
from argolint.external import tools

SCRIPT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    script:
      image: bash:5
      command: [bash]
      source: |
        for f in $(ls *.txt); do echo "$f"; done
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "project/a.yaml").write_text(SCRIPT)
    return tmp_path / "project"


def test_a_program_that_is_missing_is_said_and_its_silence_not_remembered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not tools.tool("shellcheck"):
        pytest.skip("no shellcheck")
    words = ["check", "--select", "SCR101", "--output-format", "concise", "a.yaml"]
    with monkeypatch.context() as without:
        without.setattr(tools, "tool", lambda name: "")
        tools.shellcheck.cache_clear()
        assert main(words) == 0
        assert capsys.readouterr().err == (
            "argolint: warning: shellcheck is not installed, so its rule finds nothing\n"
            "  pip install 'argolint[scripts]'\n"
        )
    tools.shellcheck.cache_clear()
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert (out.partition(": SC2045")[0], err) == ("a.yaml:12:18: error", "")
    assert main(["check", "--select", "REF", "a.yaml"]) == 0
    assert capsys.readouterr().err == ""


def test_a_rule_that_cannot_be_loaded_is_named_when_it_is_selected(folder: Path) -> None:
    (folder / "lint-rules").mkdir()
    (folder / "lint-rules/org101_x.yaml").write_text("code: ORG101\nname: x\ngivn: a\n")
    (folder / ".argolint.yaml").write_text("rules: [lint-rules]\n")
    with pytest.raises(UserError) as caught:
        main(["check", "--select", "ORG101"])
    assert caught.value.message.startswith(f"{folder}/lint-rules/org101_x.yaml: the rule cannot be loaded: ")
    assert "unknown field `givn`" in caught.value.message
    assert caught.value.remedy == "so nothing is known of `ORG101`"
