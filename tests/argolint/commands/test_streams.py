"""What happens around a run: readers that go away, streams that are closed or full, folders that cannot be written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

BAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, labels: {x: "ü中"}}
spec:
  entrypoint: nope
  templates:
  - {name: main, container: {image: "a:1", command: [x]}}
"""
ARGOLINT = f"{sys.executable} -m argolint check --select REF102,SCH"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(BAD)
    return tmp_path


def shell(folder: Path, line: str, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env={**os.environ, "ARGOLINT_CACHE_DIR": str(folder / ".cache"), **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_reader_that_goes_away_changes_no_exit_code(folder: Path) -> None:
    for n in range(200):
        (folder / f"b{n}.yaml").write_text(BAD)
    code, out, err = shell(folder, f"set -o pipefail; {ARGOLINT} . | head -1")
    assert (code, err) == (1, "")
    assert out == "a.yaml:3:42: warning: the label `x` cannot have this value [SCH114 invalid-label]\n"


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 1, ""),
        ("2>&- > out", 1, ""),
        (
            "> /dev/full",
            2,
            "argolint: error: what it writes to is full: [Errno 28] No space left on device\n",
        ),
    ],
)
def test_closed_and_full_streams(folder: Path, redirection: str, code: int, said: str) -> None:
    assert shell(folder, f"{ARGOLINT} a.yaml {redirection}") == (code, "", said)


def test_closed_standard_input_is_empty(folder: Path) -> None:
    code, out, err = shell(folder, f"{ARGOLINT} - <&-")
    assert (code, out) == (2, "")
    assert err.startswith("argolint: error: nothing was linted: no manifests found in <stdin>\n")


def test_a_terminal_that_knows_no_unicode(folder: Path) -> None:
    code, out, err = shell(
        folder, f"{ARGOLINT} --color never a.yaml",
        LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii",
    )  # fmt: skip
    assert (code, err) == (1, "")
    assert ' 3 | metadata: {generateName: a-, labels: {x: "\\xfc\\u4e2d"}}\n' in out


@pytest.mark.parametrize(
    "env",
    [
        {"HOME": "/dev/null", "XDG_CACHE_HOME": "", "ARGOLINT_CACHE_DIR": ""},
        {"HOME": "", "ARGOLINT_CACHE_DIR": "/proc/none"},
        {"ARGOLINT_CACHE_DIR": "a.yaml"},
    ],
)
def test_no_place_for_a_cache(folder: Path, env: dict[str, str]) -> None:
    code, out, err = shell(folder, f"{ARGOLINT} --output-format concise a.yaml", **env)
    assert (code, err) == (1, "")
    assert "[REF102 undefined-entrypoint]" in out
    assert sorted(os.listdir(folder)) == ["a.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_tree_that_cannot_be_written(folder: Path) -> None:
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    code, _, err = shell(folder, f"{ARGOLINT} --select SCH,YML,REF --fix --unsafe-fixes a.yaml")
    assert code in (1, 2)
    assert "Traceback" not in err


def test_runs_beside_each_other_share_a_cache(folder: Path) -> None:
    for n in range(40):
        (folder / f"b{n}.yaml").write_text(BAD)
    one = f"{ARGOLINT} --output-format json ."
    code, out, err = shell(
        folder, f"for i in 1 2 3 4; do {one} > out$i & done; wait; cat out1; cmp out1 out2 && cmp out3 out4"
    )
    assert (code, err) == (0, "")
    assert '"files": 41' in out
    assert shell(folder, one)[1] == out


NAMES = {
    "an escape": ("e\x1b[31mvil.yaml", "e\\x1b[31mvil.yaml"),
    "a line break": ("a\nb.yaml", "a\\x0ab.yaml"),
    "text that runs backwards": ("a\u202eb.yaml", "a\\u202eb.yaml"),
    "bytes that are no UTF-8": (os.fsdecode(b"a\xffb.yaml"), "a\\udcffb.yaml"),
}


@pytest.mark.parametrize("name", list(NAMES))
def test_names_of_files(tmp_path: Path, name: str) -> None:
    file, shown = NAMES[name]
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / file).write_text(BAD)
    code, out, err = shell(tmp_path, f"{ARGOLINT} --output-format concise d")
    assert (code, err) == (1, "")
    assert f"d/{shown}:5:15: error: entrypoint `nope`" in out
    forms = ("json", "jsonl", "sarif", "github", "gitlab", "junit", "checkstyle", "azure", "rdjson", "text")
    flags = " ".join(f"--output-format {form} --output-file out.{form}" for form in forms)
    assert shell(tmp_path, f"{ARGOLINT} {flags} d") == (1, "", "")
    for form in forms:
        text = (tmp_path / f"out.{form}").read_text()
        assert not any(char < " " and char != "\n" for char in text), form
        # No half of a surrogate pair in JSON: many parsers refuse it.
        assert "\\ud" not in text.replace("\\\\ud", "").replace(shown, ""), form


def test_an_empty_run_still_writes_its_reports(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    flags = "--allow-empty --output-format sarif --output-file o.sarif"
    assert shell(tmp_path, f"{ARGOLINT} {flags} .") == (0, "", "")
    assert '"results": []' in (tmp_path / "o.sarif").read_text()


@pytest.mark.parametrize("command", ["rules", "explain STP111", "config", "graph a.yaml", "check a.yaml"])
def test_a_terminal_that_knows_ascii_only_gets_escapes(folder: Path, command: str) -> None:
    line = f"{sys.executable} -m argolint {command}"
    _, out, err = shell(folder, line, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    _, full, _ = shell(folder, line, PYTHONIOENCODING="utf-8")
    assert err == ""
    assert out == full.encode("ascii", "backslashreplace").decode("ascii")
