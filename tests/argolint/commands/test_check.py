"""The command line, in process: what it prints and how it exits."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argolint.cli import main
from argolint.clikit import guarded

GOOD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: job
  - name: job
    container: {image: "a:1", command: [x]}
"""
BAD = GOOD.replace("template: job", "template: jab")
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: shared}
spec:
  templates:
  - name: job
    container: {image: "a:1", command: [x]}
"""
USES = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        templateRef: {name: shared, template: jab}
"""
ONLY = ["--select", "REF101,REF104,REF105,YML101,YML103,YML207,STP101,LNT"]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".git").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    try:
        code = guarded("argolint", main, list(words))
    except SystemExit as stop:
        code = int(stop.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def concise(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    return run(capsys, "check", "--output-format", "concise", *ONLY, *words)[1].splitlines()


def test_clean(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(GOOD)
    assert run(capsys, "check", *ONLY, "a.yaml") == (0, "no problems in 1 file (1 object)\n", "")


@pytest.mark.parametrize("words", [["check", *ONLY], [*ONLY], ["a.yaml", *ONLY], [".", *ONLY]])
def test_check_is_the_default_command_and_here_the_default_path(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    (project / "a.yaml").write_text(BAD)
    code, out, err = run(capsys, *words)
    assert (code, err) == (1, "")
    assert out.startswith(
        "a.yaml:10:19: error: template `jab` is not defined in this Workflow [REF101 undefined-template]\n"
    )


def test_fail_on_and_exit_zero(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(USES)
    assert run(capsys, "check", *ONLY)[0] == 1
    assert run(capsys, "check", *ONLY, "--fail-on", "error")[0] == 0
    (project / "a.yaml").write_text(BAD)
    assert run(capsys, "check", *ONLY, "--exit-zero")[0] == 0


def test_usage_errors_exit_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["check", "nope.yaml"], "nope.yaml: no such file or folder"),
        (["check", "--select", "NOPE"], "no rule is called `NOPE`"),
        (["check", "--argo-version", "1.0", "."], "--argo-version: 1.0: releases before 3.4 are not known"),
        (["check", "--config", "nope.yaml"], "nope.yaml: no such file"),
        (["check", "."], "no manifests found in ."),
        (["check", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["check", "--output-format", "xml"], "invalid choice: 'xml'"),
        (["check", "--stdin-filename", "x.yaml"], "--stdin-filename is the name for standard input"),
    ):
        code, out, err = run(capsys, *words)
        assert (code, out) == (2, "")
        assert message in err
        assert "Traceback" not in err
    assert run(capsys, "check", "--allow-empty", ".")[0] == 0


def test_a_configuration_mistake_exits_with_2(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(GOOD)
    (project / ".argolint.yaml").write_text("selct: [A]\n")
    code, _, err = run(capsys, "check")
    assert (code, err) == (
        2, "argolint: error: .argolint.yaml:1:1: unknown key `selct`\n     1 | selct: [A]\n       | ^\n  did you mean `select`?\n"
    )  # fmt: skip


def test_flags_win_over_the_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(BAD)
    (project / ".argolint.yaml").write_text("select: [YML]\nfail-on: error\n")
    assert run(capsys, "check")[0] == 0
    assert run(capsys, "check", "--select", "REF101")[0] == 1
    out = run(capsys, "check", "--show-settings", "--profile", "strict")[1]
    assert 'select: ["YML"]  # .argolint.yaml:1:9\n' in out
    assert "profile: strict  # --profile\n" in out


def test_one_file_is_linted_with_the_repository_in_view(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "sub").mkdir()
    (project / "shared.yaml").write_text(TEMPLATE)
    (project / "other.yaml").write_text(BAD)
    (project / "sub/use.yaml").write_text(USES)
    lines = concise(capsys, "sub/use.yaml")
    assert lines == [
        "sub/use.yaml:10:47: error: WorkflowTemplate `shared` has no template `jab` [REF105 undefined-template-in-ref]",
        "1 error in 1 file (1 object)",
    ]
    assert "REF104" in concise(capsys, "--no-context", "sub/use.yaml")[0]


def test_a_change_elsewhere_is_seen_although_results_are_remembered(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "shared.yaml").write_text(TEMPLATE)
    (project / "use.yaml").write_text(USES)
    for _ in range(2):
        assert "REF105" in concise(capsys, ".")[0]
    (project / "shared.yaml").write_text(TEMPLATE.replace("name: job", "name: jab"))
    assert concise(capsys, ".") == ["no problems in 2 files (2 objects)"]
    (project / "shared.yaml").unlink()
    assert "REF104" in concise(capsys, ".")[0]


def test_the_cache_changes_nothing_and_may_be_damaged(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "a.yaml").write_text(BAD)
    (project / "b.yaml").write_text(GOOD + "    # argolint: ignore[REF101] unused\n")
    first = run(capsys, "check", *ONLY)
    assert first[0] == 1
    (blob,) = (tmp_path / "cache").glob("project-*.bin")
    assert run(capsys, "check", *ONLY) == first
    for damage in (b"", b"\x00\xff", blob.read_bytes()[:-7], b"\xfb\xff\xff\xff\x7f"):
        blob.write_bytes(damage)
        assert run(capsys, "check", *ONLY) == first
    assert run(capsys, "check", *ONLY, "--no-cache") == first


def test_workers_find_what_one_process_finds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(30):
        (project / f"t{i}.yaml").write_text(TEMPLATE.replace("shared", f"shared{i}"))
        (project / f"u{i}.yaml").write_text(USES.replace("shared", f"shared{i}"))
        (project / f"v{i}.yaml").write_text(BAD)
    alone = run(capsys, "check", *ONLY, "--no-cache", "--jobs", "1")
    assert alone[1].count("[REF105") == 30
    assert run(capsys, "check", *ONLY, "--no-cache", "--jobs", "3") == alone


def test_standard_input(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "shared.yaml").write_text(TEMPLATE)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(USES.encode())))
    code, out, _ = run(
        capsys, "check", "-", "--stdin-filename", "sub/x.yaml", *ONLY, "--output-format", "concise"
    )
    assert code == 1
    assert out.startswith("sub/x.yaml:10:47: error: WorkflowTemplate `shared` has no template `jab`")


def test_broken_documents_and_unrendered_templates(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(f"a: [\n---\n{BAD}")
    (project / "helm.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n"
    )
    codes = [line.rpartition("[")[2][:6] for line in concise(capsys, ".")[:-1]]
    assert codes == ["YML101", "REF101"]


def test_several_reports_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(BAD)
    code, out, _ = run(
        capsys,
        "check",
        *ONLY,
        "--output-format",
        "json",
        "--output-file",
        "out.json",
        "--output-format",
        "concise",
    )
    assert code == 1
    assert out.startswith("a.yaml:10:19: error:")
    assert json.loads((project / "out.json").read_text())["findings"][0]["line"] == 10


def test_statistics_files_and_quiet(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(BAD)
    (project / "b.yaml").write_text(GOOD)
    assert run(capsys, "check", *ONLY, "--statistics")[1] == (
        "     1  error    REF101  undefined-template  (1 fixable)\n     1  in 2 files, 2 objects\n"
    )
    assert run(capsys, "check", "--show-files")[1] == "a.yaml\nb.yaml\n"
    assert run(capsys, "check", *ONLY, "-q", "b.yaml") == (0, "", "")


def test_diff_then_fix(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "a.yaml"
    path.write_text(BAD)
    path.chmod(0o640)
    assert run(capsys, "check", *ONLY, "--diff") == (0, "", "nothing to repair\n")
    code, out, err = run(capsys, "check", *ONLY, "--diff", "--unsafe-fixes")
    assert (code, err) == (1, "1 finding would be repaired\n")
    assert "-        template: jab\n+        template: job\n" in out
    assert path.read_text() == BAD
    code, out, _ = run(capsys, "check", *ONLY, "--fix", "--unsafe-fixes")
    assert (code, out) == (0, "1 finding repaired\nno problems in 1 file (1 object)\n")
    assert path.read_text() == GOOD
    assert path.stat().st_mode & 0o777 == 0o640


def test_fix_keeps_line_breaks_and_byte_order_mark(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "a.yaml"
    path.write_bytes(("\ufeff" + BAD).replace("\n", "\r\n").encode())
    assert run(capsys, "check", *ONLY, "--ignore", "YML207", "--fix", "--unsafe-fixes")[0] == 0
    assert path.read_bytes() == ("\ufeff" + GOOD).replace("\n", "\r\n").encode()


def test_a_file_that_is_not_utf8_is_reported_and_never_rewritten(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / "a.yaml"
    data = BAD.encode() + b"# caf\xe9\n"
    path.write_bytes(data)
    code, out, _ = run(capsys, "check", *ONLY, "--fix", "--unsafe-fixes", "--output-format", "concise")
    assert code == 1
    assert out.splitlines()[0] == (
        f"a.yaml:1:1: error: the file is not UTF-8: invalid continuation byte at byte {len(data) - 2} [YML207 non-utf8-or-bom]"
    )
    assert path.read_bytes() == data


def test_fixing_standard_input_prints_the_text(
    project: Path, capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "a.yaml").write_text("left alone")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    code = guarded(
        "argolint", main, ["check", "-", "--stdin-filename", "a.yaml", *ONLY, "--fix", "--unsafe-fixes"]
    )
    assert (code, capsysbinary.readouterr().out.decode()) == (0, GOOD)
    assert (project / "a.yaml").read_text() == "left alone"


def test_baseline_hides_what_is_known(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "a.yaml").write_text(BAD)
    assert (
        run(capsys, "baseline", "write", "--select", "REF101")[1]
        == "wrote .argolint-baseline.json with 1 finding\n"
    )
    known = ["--baseline", ".argolint-baseline.json"]
    (project / "a.yaml").write_text("# moved down\n" + BAD)
    assert run(capsys, "check", *ONLY, *known) == (
        0, "1 known finding in the baseline not shown\nno problems in 1 file (1 object)\n", ""
    )  # fmt: skip
    (project / "a.yaml").write_text(GOOD.replace("template: job", "template: new"))
    code, out, _ = run(capsys, "check", *ONLY, *known)
    assert code == 1
    assert ".argolint-baseline.json:5:22: info: nothing is found any more for REF101 in a.yaml" in out
    assert run(capsys, "baseline", "check", "--select", "REF101")[0] == 1
    assert run(capsys, "baseline", "prune", "--select", "REF101")[1].endswith("dropped 1, kept 0\n")
    assert json.loads((project / ".argolint-baseline.json").read_text())["findings"] == []


def test_a_crashing_rule_exits_with_3(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "lint-rules").mkdir()
    (project / "lint-rules/zzz101_boom.py").write_text(
        'from argolint.rule import rule\n@rule("ZZZ101", "boom", on="object", severity="info")\ndef check(o, c):\n    """Crashes."""\n    raise KeyError("x")\n'
    )
    (project / ".argolint.yaml").write_text("rules: [./lint-rules]\n")
    (project / "a.yaml").write_text(BAD)
    code, out, err = run(capsys, "check", "--select", "ZZZ,REF101", "--verbose")
    assert code == 3
    assert "rule ZZZ101 (boom) crashed: KeyError: 'x' [LNT901 internal-error]" in out
    assert "[REF101 undefined-template]" in out
    assert "Traceback" in err
    assert run(capsys, "check", "--select", "ZZZ,REF101")[2] == ""


def test_own_rules_are_tested_by_their_pages(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project / "lint-rules"
    folder.mkdir()
    (folder / "zzz101_no_a.py").write_text(
        'from argolint.rule import Finding, rule\n@rule("ZZZ101", "no-a", on="template", severity="warning")\n'
        'def check(template, ctx):\n    """No template is called a."""\n    if template.name == "a":\n'
        '        yield Finding(template.name_span, "called a")\n'
    )
    page = "# Not a (ZZZ101)\n\n## Bad\n\n```yaml\n- name: a  # warning: [ZZZ101]\n  container: {image: 'x:1', command: [run]}\n```\n\n## Good\n\n```yaml\n- name: b\n  container: {image: 'x:1', command: [run]}\n```\n"
    (folder / "zzz101_no_a.md").write_text(page)
    assert run(capsys, "test", "lint-rules")[:2] == (0, "ZZZ101 no-a: ok\n1 passed, 0 failed\n")
    (folder / "zzz101_no_a.md").write_text(page.replace("name: b", "name: a"))
    code, out, _ = run(capsys, "test", "lint-rules")
    assert code == 1
    assert "unexpected warning: [ZZZ101] called a" in out
    (folder / "zzz101_no_a.md").unlink()
    assert "missing; every rule has a page" in run(capsys, "test", "lint-rules")[1]


def test_explain_rules_and_config(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("REF101", "ref101", "undefined-template"):
        code, out, _ = run(capsys, "explain", word)
        assert code == 0
        assert out.startswith(
            "REF101 undefined-template: Templates must be defined\nerror · on by default · unsafe fix"
        )
    assert run(capsys, "explain", "undefined-templates")[2].endswith("did you mean `undefined-template`?\n")
    assert run(capsys, "explain", "LNT901")[0] == 0
    listed = json.loads(run(capsys, "rules", "--output-format", "json")[1])
    assert {"REF101", "YML101", "LNT101"} <= {row["code"] for row in listed}
    assert run(capsys, "config", "--init")[1] == "wrote .argolint.yaml\n"
    assert run(capsys, "config")[0] == 0
    assert run(capsys, "config", "--init")[0] == 2


def test_the_lint_path_imports_nothing_heavy(project: Path, repo: Path) -> None:
    (project / "a.yaml").write_text(BAD)
    script = (
        "import sys\nfrom argolint.cli import main\n"
        "code = main(['check', 'a.yaml', '--no-cache'])\n"
        "banned = {'kubernetes', 'git', 'deepdiff', 'asyncio', 'requests', 'jsonschema', 'dataclasses', 'importlib.metadata',"
        " 'logging', 'multiprocessing', 'subprocess', 'ruamel.yaml', 'tomllib', 'executor', 'reconciler', 'hashlib'}\n"
        "print(sorted(banned & set(sys.modules)), file=sys.stderr)\nsys.exit(code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(repo)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (1, "[]")


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stop(words: Any) -> int:
        raise KeyboardInterrupt

    assert guarded("argolint", stop, []) == 130


@pytest.mark.slow
def test_upstream_examples_have_one_error(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capsys, "check", str(shared / "corpus/argo-examples"), "--output-format", "json", "--no-cache"
    )
    errors = [
        (Path(item["file"]).name, item["code"], item["line"])
        for item in json.loads(out)["findings"]
        if item["severity"] == "error" and not item["code"].startswith("SEC")
    ]
    assert (code, errors) == (1, [("k8s-patch-json-workflow.yaml", "YML103", 13)])
