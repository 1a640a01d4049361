"""The three ways to have the project: a checkout, an editable install, a wheel. All of them find rules and schemas."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.scratch import GIT_ENV, copy_tree, fresh_venv, run

BROKEN = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: hello-
spec:
  entrypoint: mian
  templates:
    - name: main
      container:
        image: alpine:3.20
        command: [echo]
"""

PROBE = """
import importlib.util, json, sys
print(json.dumps({name: importlib.util.find_spec(name) is not None for name in ("rules", "schemas", "argolint", "executor", "reconciler")}))
"""


@pytest.fixture(scope="module")
def tree(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_tree(repo, tmp_path_factory.mktemp("tree"))


def lint(python: str | Path, folder: Path, env: dict[str, str] | None = None) -> set[str]:
    """The codes that this installation finds in a manifest with one broken reference."""
    (folder / "wf.yaml").write_text(BROKEN)
    done = run(
        [python, "-m", "argolint", "check", "--no-cache", "--output-format", "json", "wf.yaml"],
        cwd=folder,
        env=env,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return {finding["name"] for finding in json.loads(done.stdout)["findings"]}


def modules(python: str | Path, folder: Path) -> dict[str, bool]:
    found: dict[str, bool] = json.loads(run([python, "-c", PROBE], cwd=folder).stdout)
    return found


INSTALLED = {"rules": False, "schemas": False, "argolint": True, "executor": True, "reconciler": True}


def test_a_checkout_runs_without_being_installed(tree: Path, tmp_path: Path) -> None:
    env = {**GIT_ENV, "PYTHONPATH": str(tree)}
    assert "undefined-entrypoint" in lint(sys.executable, tmp_path, env)


@pytest.mark.slow
def test_a_wheel_carries_rules_and_schemas_inside_the_package(tree: Path, tmp_path: Path) -> None:
    run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path / "dist", tree],
        cwd=tmp_path,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"argolint", "executor", "reconciler", *(t for t in tops if t.endswith(".dist-info"))}
    programs = fresh_venv(tmp_path / "venv")
    run([programs / "pip", "install", "-q", "--disable-pip-version-check", wheel], cwd=tmp_path)
    assert modules(programs / "python", tmp_path) == INSTALLED
    assert "undefined-entrypoint" in lint(programs / "python", tmp_path)
    # The base install is the linter alone: the other two say what is missing.
    listed = run(
        [programs / "pip", "list", "--format=freeze", "--disable-pip-version-check"], cwd=tmp_path
    ).stdout.lower()
    assert "kubernetes" not in listed
    assert run([programs / "argolint", "--version"], cwd=tmp_path).stdout.startswith("argolint ")
    (tmp_path / ".git").mkdir()  # runs that lie above the test are not looked at
    for tool, extra in (("argosync", "argolint[sync]"), ("argorun", "argolint[run]")):
        words = [programs / tool, *(["once", "--config", "x.yaml"] if tool == "argosync" else ["get", "x"])]
        done = run(words, cwd=tmp_path, check=False, env={**GIT_ENV, "HOME": str(tmp_path)})
        assert done.returncode == 2, done.stdout + done.stderr
        assert extra in done.stderr or "x.yaml" in done.stderr, done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_an_editable_install_reads_the_rules_of_the_checkout(tree: Path, tmp_path: Path) -> None:
    programs = fresh_venv(tmp_path / "venv")
    run([programs / "pip", "install", "-q", "--disable-pip-version-check", "-e", tree], cwd=tmp_path)
    assert modules(programs / "python", tmp_path) == INSTALLED
    assert "undefined-entrypoint" in lint(programs / "python", tmp_path)
    where = run(
        [programs / "python", "-c", "from argolint._data import data_dir; print(data_dir('rules'))"],
        cwd=tmp_path,
    )
    assert os.path.samefile(where.stdout.strip(), tree / "rules")
