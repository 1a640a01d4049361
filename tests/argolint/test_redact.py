"""No report shows a credential: not in messages, snippets or repairs, whatever the format, the rules and the cache."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from argolint.api import Source, check
from argolint.cli import main
from argolint.diagnostic import Diagnostic, Edit, Fix
from argolint.redact import findings_without, line_without, places_in, texts_at
from argolint.report import FORMATS, View, edits_of, renderer
from argolint.settings import Settings
from argolint.text import SourceText

TOKEN = "ghp_" + "a1B2c3D4" * 5
SECRETS = (
    TOKEN[4:],
    "h4Xk-92fd-Lq1",
    "R7fk-11-secretive",
    "aGk4Nzh0",
    "p4ssw0rd1",
    "MIIEowIBAAKCAQEA7",
    "q9-0x1-zz3",
)
MANIFESTS = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData:
  password: R7fk-11-secretive
  tls.key: |
    -----BEGIN RSA PRIVATE KEY-----
    MIIEowIBAAKCAQEA7
  password: R7fk-11-secretive
data:
  token: aGk4Nzh0
---
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {{name: a}}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {{name: password, value: "h4Xk-92fd-Lq1", enum: [one, two]}}
  templates:
  - name: main
    script:
      image: alpine:3.20
      command: [git, clone, "https://me:p4ssw0rd1@example.com/x"]
      args: ["{TOKEN}"]
      source: |
        cat <<EOF
        -----BEGIN PRIVATE KEY-----
        q9-0x1-zz3
        EOF
      env:
      - {{name: DB_PASSWORD, value: "h4Xk-92fd-Lq1", valu: 1}}
      - {{name: DB_PASSWORD, value: "h4Xk-92fd-Lq1"}}
"""


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def only(*rules: str) -> Settings:
    settings = Settings()
    settings.select = rules
    return settings


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.yaml").write_text(MANIFESTS)
    return tmp_path


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_prints_a_credential(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for _ in range(2):
        assert main(["check", "tree", "--profile", "all", "--output-format", name]) == 1
        reports.append(capsys.readouterr().out)
    assert "SEC115" in reports[0]
    assert "SEC117" in reports[0]
    assert leaks(reports[0]) == []
    assert reports[1] == reports[0], "what is remembered is hidden, too"


def test_suppressed_findings_hide_what_they_would_have_hidden(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".argolint.yaml").write_text("per-file-ignores: {'**/*.yaml': [SEC]}\n")
    main(["check", "tree", "--profile", "all"])
    out = capsys.readouterr().out
    assert "SEC115" not in out
    assert "password" in out
    assert leaks(out) == []


def test_other_rules_alone_show_no_credential_either(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["check", "tree", "--select", "SCH,YML"])
    out = capsys.readouterr().out
    assert '{name: DB_PASSWORD, value: "*************", valu: 1}' in out
    assert "password: *****************" in out
    assert leaks(out) == []


def test_a_diff_has_to_be_appliable(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tree" / "a.yaml").write_text(
        MANIFESTS.replace("name: main\n    script", "name:   main\n    script").replace("[git", "[ git")
    )
    main(["check", "tree", "--profile", "all", "--fix", "--unsafe-fixes", "--diff"])
    diff = capsys.readouterr().out
    assert "***" not in diff


def test_the_snippet_keeps_its_carets_and_the_start_of_a_known_token() -> None:
    report = check([Source("a.yaml", MANIFESTS)], only("SEC115"))
    text = renderer("text")(View(report.findings, report.texts, report.summary, secrets=report.secrets))
    assert f'26 |       args: ["ghp_{"*" * 40}"]\n   |               {"^" * 44}\n' in text
    assert '33 |       - {name: DB_PASSWORD, value: "*************", valu: 1}\n' in text


def test_messages_lose_what_stands_at_the_places() -> None:
    source = SourceText('password: "h4Xk-92fd-Lq1"\nmode: plain\n')
    places = {"a.yaml": ((10, 25), (32, 37))}
    item = Diagnostic("X", "x", "error", "`h4Xk-92fd-Lq1` is not `plain`", "a.yaml", 10, 25, f"drop {TOKEN}")
    (found,) = findings_without([item], places, {"a.yaml": source})
    assert found.message == "`***` is not `plain`", "an ordinary word is no credential wherever it stands"
    assert found.help == "drop ghp_***"
    assert texts_at(source, places["a.yaml"]) == ["h4Xk-92fd-Lq1"]
    assert line_without(source, 1, places["a.yaml"]) == 'password: "*************"'
    assert line_without(source, 2, ()) == "mode: plain"
    assert places_in(source, ["h4Xk-92fd-Lq1"]) == ((11, 24),)


def test_a_repair_that_would_print_a_credential_is_not_in_the_report() -> None:
    source = SourceText("password: h4Xk-92fd-Lq1\n")
    view = View([], {"a.yaml": source}, {}, secrets={"a.yaml": ((10, 23),)})
    item = Diagnostic("X", "x", "error", "m", "a.yaml", 10, 23)
    telling = item._replace(fix=Fix("safe", (Edit(10, 23, '"h4Xk-92fd-Lq1"'),)))
    silent = item._replace(fix=Fix("safe", (Edit(10, 23, "x"),)))
    assert edits_of(telling, view) == ()
    assert edits_of(silent, view) == (Edit(10, 23, "x"),)


def test_a_very_long_line_is_looked_at_where_it_is_shown() -> None:
    text = f"{'a: b, ' * 4000}url: https://me:p4ssw0rd1@example.com {'c-' * 50000}"
    at = text.index("url:")
    shown = line_without(SourceText(text), 1, (), at)
    assert shown[at : at + 40].rstrip() == "url: https://me:*********@example.com c-"
    assert len(shown) == len(text)


def test_findings_in_rendered_text_hide_the_same_in_the_file_they_are_taken_back_to(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = project / "chart" / "templates"
    chart.mkdir(parents=True)
    (chart / "a.yaml").write_text(MANIFESTS.replace("name: a}", "name: {{ .Release.Name }} }"))
    origin = "---\n# Source: chart/templates/a.yaml\n"
    rendered = origin + MANIFESTS.replace("\n---\n", f"\n{origin}")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rendered.encode())))
    main(["check", "-", "--profile", "all"])
    out = capsys.readouterr().out
    assert os.path.join("chart", "templates", "a.yaml") + ":" in out
    assert leaks(out) == []
