"""What changed since a Git revision: which files, which lines, and what they held before."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from argolint.errors import UserError

_HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class Changes(NamedTuple):
    """The work tree compared with a revision. Paths are absolute.

    lines   changed or added file -> its changed lines as (first, last); an untracked file has one range for all of it
    before  changed or deleted file -> what it held; None for a file that was not there
    """

    lines: dict[str, list[tuple[int, int]]]
    before: dict[str, bytes | None]


def since(revision: str, folder: str) -> Changes:
    """The changes from the point where the work left `revision` (the merge base with HEAD) to the files on disk.

    Raises UserError when the folder is in no Git work tree or the revision is not known.
    """
    top = _git(["rev-parse", "--show-toplevel"], folder, "the folder is in no Git work tree").decode().strip()
    if revision.startswith("-"):
        raise UserError(
            f"--diff-base: `{revision}` is no revision", "give a branch, a tag or a commit: origin/main"
        )
    known = _git(
        ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"],
        top,
        f"revision `{revision}` is not known",
    )
    base = _merge_base(known.decode().strip(), top)
    lines: dict[str, list[tuple[int, int]]] = {}
    before: dict[str, bytes | None] = {}
    listed = _git(["diff", "--name-status", "--no-renames", "-z", base, "--"], top, "git diff failed").split(
        b"\0"
    )
    for status, raw in zip(listed[::2], listed[1::2]):
        name = os.fsdecode(raw)
        path = os.path.join(top, name)
        if status != b"A":
            before[path] = _git(["show", f"{base}:{name}"], top, f"{name} cannot be read at {base}")
        else:
            before[path] = None
        if status != b"D":
            lines[path] = _changed_lines(base, name, top)
    for raw in _git(["ls-files", "--others", "--exclude-standard", "-z"], top, "git ls-files failed").split(
        b"\0"
    ):
        if raw:
            path = os.path.join(top, os.fsdecode(raw))
            before[path] = None
            lines[path] = [(1, 1 << 60)]
    return Changes(lines, before)


def _merge_base(commit: str, top: str) -> str:
    """Where HEAD and the commit went apart; the commit itself when they share no history that is here."""
    try:
        return _git(["merge-base", commit, "HEAD"], top, "no merge base").decode().strip()
    except UserError:
        return commit


def _changed_lines(base: str, name: str, top: str) -> list[tuple[int, int]]:
    diff = _git(
        ["diff", "--no-color", "--no-ext-diff", "-U0", base, "--", f":(top,literal){name}"],
        top,
        "git diff failed",
    )
    found: list[tuple[int, int]] = []
    for match in _HUNK.finditer(diff):
        first, count = int(match.group(1)), int(match.group(2) or b"1")
        # A pure deletion is seen at the lines on either side of it.
        found.append((first, first + count - 1) if count else (first, first + 1))
    return found


def _git(arguments: Sequence[str], folder: str, failure: str) -> bytes:
    import subprocess

    command = ["git", "-c", "core.quotePath=false", *arguments]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise UserError(f"--diff-base: git cannot be run: {error.strerror}", "install git") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise UserError(
            f"--diff-base: {failure}{': ' + said[0] if said else ''}",
            "run it in a clone of the repository"
            if "not a git repository" in "".join(said)
            else "in a shallow clone, fetch the base first: git fetch origin BRANCH",
        )
    return done.stdout
