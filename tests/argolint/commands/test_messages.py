"""Wrong usage and wrong configuration: the place, what is wrong, and what to do about it."""

from __future__ import annotations

from pathlib import Path

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
  - {name: main, container: {image: "a:1", command: [x]}}
"""

USAGE = {
    "check nothere.yaml": "argolint: error: nothere.yaml: no such file or folder\n  check the path\n",
    "chekc .": "argolint: error: chekc: no such file or folder, and no such command\n  did you mean `check`?\n",
    "check --chekc": "argolint check: error: unrecognized arguments: --chekc\n  `argolint check --help` lists what there is\n",
    "--fxi .": "argolint check: error: unrecognized arguments: --fxi\n  did you mean `--fix`?\n",
    "check --outptu-format=json .": "argolint check: error: unrecognized arguments: --outptu-format=json\n"
    "  did you mean `--output-format`?\n",
    "check --output-format txt .": "argolint check: error: argument --output-format: invalid choice: 'txt' (choose from 'text', 'concise', 'json', "
    "'jsonl', 'sarif', 'github', 'gitlab', 'junit', 'checkstyle', 'azure', 'rdjson')\n  did you mean `text`?\n",
    "baseline": "argolint baseline: error: the following arguments are required: action\n"
    "  `argolint baseline --help` lists what there is\n",
    "baseline wirte": "argolint baseline: error: argument action: invalid choice: 'wirte' (choose from 'write', 'check', 'prune')\n"
    "  did you mean `write`?\n",
    "lint .": "argolint: error: lint: no such file or folder, and no such command\n  did you mean `argolint check`?\n",
    "fix .": "argolint: error: fix: no such file or folder, and no such command\n  did you mean `argolint check --fix`?\n",
    "version": "argolint: error: version: no such file or folder, and no such command\n  did you mean `argolint --version`?\n",
    "check --output-format json --output-file x --output-format sarif --output-file ./x .":
    "argolint: error: two reports for ./x\n  give each --output-format an --output-file of its own\n",
    "explain STP1O1": "argolint: error: no rule is called `STP1O1`\n  did you mean `STP101`?\n",
    "rules NOPE": "argolint: error: no rule is called `NOPE`\n  `argolint rules` lists them\n",
    "check --fail-on fatal .": "argolint check: error: argument --fail-on: invalid choice: 'fatal' (choose from 'info', 'warning', 'error')\n"
    "  `argolint check --help` lists what there is\n",
    "check --jobs 0 .": "argolint: error: --jobs: 0 processes can do nothing\n  give 1 or more, or leave it out\n",
    "check --select XYZ1 .": "argolint: error: --select: no rule is called `XYZ1`\n  `argolint rules` lists them\n",
    "check --ignore undefined-entrypiont .": "argolint: error: --ignore: no rule is called `undefined-entrypiont`\n"
    "  did you mean `undefined-entrypoint`?\n",
    "check --argo-version 2 .": "argolint: error: --argo-version: '2' is not a release of Argo Workflows such as \"3.6\"\n",
    "check --argo-version 9.9 .": "argolint: error: --argo-version: 9.9: the latest release that this version knows is 4.1; "
    "`latest` always means that one\n",
    "check --config none.yaml .": "argolint: error: none.yaml: no such file\n  check --config\n",
    "check --output-format json --output-file /nope/x .": "argolint: error: /nope/x: cannot be written: No such file or directory\n"
    "  check --output-file\n",
    "check --output-format json --output-format sarif .": "argolint: error: two reports for standard output\n"
    "  give an --output-file for each --output-format\n",
    "check --diff-base HEAD .": "argolint: error: --diff-base: the folder is in no Git work tree: fatal: not a git repository "
    "(or any of the parent directories): .git\n  run it in a clone of the repository\n",
    "check --baseline none.json .": "argolint: error: none.json: cannot be read: No such file or directory\n"
    "  make it with `argolint baseline write`\n",
    "check x/**/*.yaml": "argolint: error: x/**/*.yaml: no file matches\n"
    "  check the pattern, and quote it so that the shell leaves it\n",
    "explain NOPE123": "argolint: error: no rule is called `NOPE123`\n  `argolint rules` lists them\n",
    "test nothere": "argolint: error: nothere: no such folder\n  name a folder that holds rules and their pages\n",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("ARGOLINT_CACHE_DIR", str(tmp_path / ".cache"))
    (tmp_path / "a.yaml").write_text(GOOD)
    return tmp_path


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        code = guarded("argolint", main, words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


@pytest.mark.parametrize("line", list(USAGE))
def test_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split(), capsys) == (2, USAGE[line])


CONFIG = {
    "select: [SEC": (
        ".argolint.yaml:1:9: a flow sequence is never closed: did not find expected ',' or ']'", "correct the YAML",
    ),
    "selct: [SEC]": (".argolint.yaml:1:1: unknown key `selct`", "did you mean `select`?"),
    "profile: foo": (".argolint.yaml:1:10: `profile`: 'foo' is not one of minimal, default, strict, all", ""),
    "select: 5": (".argolint.yaml:1:9: `select`: expected a list of texts", ""),
    "severity: {SEC101: fatal}": (
        (".argolint.yaml:1:20: `severity`: SEC101: 'fatal' is not one of error, warning, info "
        "(use `ignore` to switch a rule off)"), "",
    ),
    "severity: {NOPE: error}": (".argolint.yaml:1:12: no rule is called `NOPE`", "`argolint rules` lists them"),
    "per-file-ignores: {a: [NOPE]}": (
        ".argolint.yaml:1:24: no rule is called `NOPE`", "`argolint rules` lists them",
    ),
    "ignore: [SEC]\nignore: [STY]": (".argolint.yaml:2:1: `ignore` is set twice", "correct the YAML"),
    "select: [SEC]\n---\na: b": (
        ".argolint.yaml:2: a second document, which would not be read", "join them in one",
    ),
    "- a": (".argolint.yaml: the configuration is not a mapping", "write `key: value` lines"),
    "argo-version: 3.10": (
        (".argolint.yaml:1:15: `argo-version`: 3.1: releases before 3.4 are not known "
        "(put the version in quotes: YAML reads 3.10 as the number 3.1)"), "",
    ),
    "options: {fan-out-limti: 3}": (
        ".argolint.yaml:1:11: no rule has an option `fan-out-limti`", "did you mean `fan-out-limit`?",
    ),
    "options: {fan-out-limit: many}": (
        ".argolint.yaml:1:26: the option `fan-out-limit` is a number, not 'many'", "the default is 100",
    ),
    "options: {cron-min-interval: [1]}": (
        ".argolint.yaml:1:11: the option `cron-min-interval` is a text, not [1]", "the default is '5m'",
    ),
    "options:\n  cron-min-interval: banana": (
        (".argolint.yaml:2:22: the option `cron-min-interval` is a duration such as 90s, 5m or 1h, not 'banana'"),
        "the default is '5m'",
    ),
    "options: {kubernetes-version: new}": (
        ".argolint.yaml:1:31: the option `kubernetes-version` is a version such as 1.31, not 'new'",
        "the default is '1.31'",
    ),
    "kubernetes-version: '1.30'": (
        ".argolint.yaml:1:1: unknown key `kubernetes-version`",
        "it is an option of rules: write it below `options:` (`options: {kubernetes-version: …}`)",
    ),
    "profile: stict": (
        ".argolint.yaml:1:10: `profile`: 'stict' is not one of minimal, default, strict, all", "did you mean `strict`?",
    ),
    "ignore: [STP1O1]": (".argolint.yaml:1:10: no rule is called `STP1O1`", "did you mean `STP101`?"),
    "ignore:\n- REF101\n- LNT199": (
        ".argolint.yaml:3:3: no rule is called `LNT199`",
        "rules of this family: LNT101, LNT102, LNT103, LNT104",
    ),
    "ignore: SEC, ALLL": (".argolint.yaml:1:14: no rule is called `ALLL`", "did you mean `ALL`?"),
}  # fmt: skip


@pytest.mark.parametrize("text", list(CONFIG))
def test_configuration(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".argolint.yaml").write_text(text + "\n")
    message, remedy = CONFIG[text]
    code, said = run(["check", "."], capsys)
    assert code == 2
    first, *rest = said.splitlines()
    assert first == f"argolint: error: {message}"
    place = message.split(" ")[0].split(":")
    if len(place) == 4:  # the line itself, and a caret below the column
        line, column = int(place[1]), int(place[2])
        assert rest[:2] == [
            f"  {line:>4} | {text.splitlines()[line - 1]}", "       | " + " " * (column - 1) + "^",
        ]  # fmt: skip
    assert not remedy or rest[-1] == f"  {remedy}"


def test_a_pattern_that_is_none_matches_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".gitignore").write_text("[z-a].yaml\n")
    (folder / ".argolint.yaml").write_text("exclude: ['[z-a]']\nselect: [REF]\n")
    assert main(["check", "--no-cache", "."]) == 0
    assert capsys.readouterr().out == "no problems in 1 file (1 object)\n"


def test_templates_that_are_not_rendered_are_no_success(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(GOOD.replace("entrypoint: main", "entrypoint: {{ .Values.entrypoint }}"))
    assert guarded("argolint", main, ["check", "--select", "YML206", "."]) == 2
    assert capsys.readouterr().err == (
        "argolint: error: nothing was linted: what was found are templates that have to be rendered first\n"
        "  pipe what they render to: `helm template … | argolint -`, or pass --allow-empty\n"
    )
