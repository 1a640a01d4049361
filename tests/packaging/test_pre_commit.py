"""The shipped hooks under the real pre-commit, in a scratch repository."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.packaging.scratch import GIT_ENV, copy_tree, run

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: library
spec:
  templates:
    - name: greet
      container:
        image: alpine:3.20
        command: [echo, hello]
"""

CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: caller
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - name: one
            templateRef:
              name: library
              template: greet
"""


@pytest.mark.slow
def test_the_hook_passes_and_fails_and_sees_the_whole_repository(repo: Path, tmp_path: Path) -> None:
    hooks = copy_tree(repo, tmp_path / "hooks")
    revision = run(["git", "rev-parse", "HEAD"], cwd=hooks).stdout.strip()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run(["git", "init", "-q", "-b", "main"], cwd=scratch)
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n      - id: argolint\n        args: [--fail-on, error]\n"
    )
    (scratch / "library.yaml").write_text(TEMPLATE)
    (scratch / "caller.yaml").write_text(CALLER)
    (scratch / "values.yaml").write_text("replicas: 2\n")
    env = {**GIT_ENV, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    pre_commit = shutil.which("pre-commit", path=str(Path(sys.executable).parent)) or "pre-commit"
    run(["git", "add", "-A"], cwd=scratch)
    run([pre_commit, "install"], cwd=scratch, env=env)
    # Installing the hook's environment is pre-commit's own work; the commit below goes through it.
    run(["git", "commit", "-q", "-m", "Two files that agree"], cwd=scratch, env=env)

    # Only the library is staged, but what it breaks is in the other file.
    (scratch / "library.yaml").write_text(TEMPLATE.replace("name: greet", "name: greeting"))
    (scratch / "caller.yaml").write_text(CALLER.replace("name: one", "name: first"))
    run(["git", "add", "-A"], cwd=scratch)
    refused = run(
        ["git", "commit", "-q", "-m", "A rename that forgot its caller"], cwd=scratch, env=env, check=False
    )
    said = refused.stdout + refused.stderr
    assert refused.returncode == 1
    assert "caller.yaml:13:" in said, said
    assert "greeting" in said

    # One file is passed, the reference leads into another that is not: the hook still resolves it.
    (scratch / "library.yaml").write_text(TEMPLATE)
    run(["git", "add", "-A"], cwd=scratch)
    alone = run([pre_commit, "run", "argolint", "--files", "caller.yaml"], cwd=scratch, env=env, check=False)
    assert alone.returncode == 0, alone.stdout + alone.stderr


@pytest.mark.slow
def test_the_other_hooks(repo: Path, tmp_path: Path) -> None:
    hooks = copy_tree(repo, tmp_path / "hooks")
    revision = run(["git", "rev-parse", "HEAD"], cwd=hooks).stdout.strip()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run(["git", "init", "-q", "-b", "main"], cwd=scratch)
    (scratch / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks}\n    rev: {revision}\n    hooks:\n"
        "      - {id: argolint-fix, args: [--select, YML102]}\n      - id: argolint-rbac\n"
    )
    quoted = CALLER.replace("template: greet", 'template: greet\n            when: "{{workflow.name}} != x"')
    (scratch / "library.yaml").write_text(TEMPLATE)
    (scratch / "caller.yaml").write_text(quoted.replace('"', ""))
    env = {**GIT_ENV, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    pre_commit = shutil.which("pre-commit", path=str(Path(sys.executable).parent)) or "pre-commit"
    run(["git", "add", "-A"], cwd=scratch)
    # The repair is made, and pre-commit fails the hook because a file was changed.
    done = run([pre_commit, "run", "argolint-fix"], cwd=scratch, env=env, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "files were modified by this hook" in done.stdout
    assert (scratch / "caller.yaml").read_text() == quoted
    run(["git", "add", "-A"], cwd=scratch)
    assert run([pre_commit, "run", "argolint-fix"], cwd=scratch, env=env).returncode == 0
    # Nobody may do what the workflows need.
    done = run([pre_commit, "run", "argolint-rbac"], cwd=scratch, env=env, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "workflowtaskresults" in done.stdout
