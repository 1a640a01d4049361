"""A git artifact taken from a checkout of this machine: what git tracks there and what is new, as it is now."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from executor.artifacts.base import ArtifactError


def plain(repository: str) -> str:
    """A repository's address as two spellings of it compare."""
    return repository.rstrip("/").removesuffix(".git")


def checkout_of(repository: str, sources: Mapping[str, Path]) -> Path | None:
    """The checkout that stands for a repository, if there is one."""
    wanted = plain(repository)
    return next((path for address, path in sources.items() if plain(address) == wanted), None)


def copy_checkout(checkout: Path, target: Path) -> None:
    """Copy a working tree: tracked and new files, changes that are not committed included, ignored ones not. Raises ArtifactError."""
    words = ["git", "-C", str(checkout), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ArtifactError(f"git artifact: the files of {checkout} cannot be listed: {error}") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise ArtifactError(f"git artifact: {checkout}: {lines[-1] if lines else 'git ls-files failed'}")
    target.mkdir(parents=True, exist_ok=True)
    for name in dict.fromkeys(part for part in done.stdout.split(b"\0") if part):
        source, place = checkout / os.fsdecode(name), target / os.fsdecode(name)
        if not os.path.lexists(source) or (source.is_dir() and not source.is_symlink()):
            continue  # deleted and not committed, or another repository's root
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place, follow_symlinks=False)
