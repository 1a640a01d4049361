"""What changed since a Git revision: which files, which lines, and what they held before."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from argolint.errors import UserError

_SUBMODULE = "160000"  # the mode of a link to a commit of another repository
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # known to every Git repository
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
    known = _commit(revision, top)
    if not known:
        raise _unknown(revision, top)
    changes = Changes({}, {})
    _compare(_merge_base(known, top), top, changes)
    return changes


def _commit(revision: str, top: str) -> str:
    """The commit that a revision names; "" when there is none."""
    try:
        return _git(["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], top, "").decode().strip()
    except UserError:
        return ""


def _unknown(revision: str, top: str) -> UserError:
    if not _commit("HEAD", top):
        return UserError(
            "--diff-base: the repository has no commits yet", "leave --diff-base out until there is one"
        )
    return UserError(
        f"--diff-base: revision `{revision}` is not known",
        "in a shallow clone, fetch the base first: git fetch origin BRANCH",
    )


def _compare(base: str, top: str, changes: Changes) -> None:
    """Note what differs between the commit `base` and the files below `top`, in submodules too."""
    lines, before = changes
    listed = _git(["diff", "--raw", "--no-renames", "--no-abbrev", "-z", base, "--"], top, "git diff failed")
    parts = listed.split(b"\0")
    for told, raw in zip(parts[::2], parts[1::2]):
        old_mode, new_mode, old, _, status = told.decode("ascii").lstrip(":").split(" ")
        name = os.fsdecode(raw)
        path = os.path.join(top, name)
        if _SUBMODULE in (old_mode, new_mode):
            # One that is not checked out has no files, one that is new has no base: its files are new.
            if status != "D" and os.path.exists(os.path.join(path, ".git")):
                _compare(old if _commit(old, path) else _EMPTY_TREE, path, changes)
            continue
        before[path] = (
            None
            if status == "A"
            else _git(["show", f"{base}:{name}"], top, f"{name} cannot be read at {base}")
        )
        if status != "D":
            lines[path] = _changed_lines(base, name, top)
    for raw in _git(["ls-files", "--others", "--exclude-standard", "-z"], top, "git ls-files failed").split(
        b"\0"
    ):
        if raw:
            path = os.path.join(top, os.fsdecode(raw))
            before[path] = None
            lines[path] = [(1, 1 << 60)]


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
