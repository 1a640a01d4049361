"""Helpers of the packaging tests: a copy of the tree as a repository of its own, and fresh environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

GIT_ENV = {
    **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


def run(
    argv: list[str | Path], *, cwd: Path, env: dict[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command and return it with its output; an AssertionError with that output when it fails and `check` is set."""
    done = subprocess.run(
        [str(w) for w in argv],
        cwd=cwd,
        env=env or GIT_ENV,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert not check or done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done


def copy_tree(repo: Path, target: Path) -> Path:
    """Copy what git would commit of the checkout to `target`, and commit it there."""
    listed = run(["git", "ls-files", "-co", "--exclude-standard"], cwd=repo).stdout.splitlines()
    for name in listed:
        source = repo / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    run(["git", "init", "-q", "-b", "main"], cwd=target)
    run(["git", "add", "-A"], cwd=target)
    run(["git", "commit", "-q", "-m", "Everything"], cwd=target)
    return target


def fresh_venv(folder: Path) -> Path:
    """Make an empty virtual environment; the folder of its programs."""
    run([sys.executable, "-m", "venv", folder], cwd=folder.parent)
    return folder / "bin"
