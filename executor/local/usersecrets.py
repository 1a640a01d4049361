"""Secrets outside of the project: a directory NAME/KEY, as they are mounted, and a file of the user for all of his projects.

`~/.config/argolint/secrets.yaml` has them by the address of a project's Git remote (globs; without `.git`):

    https://git.example.com/acme/*:
      db: {password: hunter2}
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from argolint.errors import UserError
from executor.local.documents import objects_in, read_text

Pairs = dict[tuple[str, str], str]


def from_directory(folder: Path) -> Pairs:
    """The files NAME/KEY of a directory, each without one newline at its end. Raises UserError."""
    found: Pairs = {}
    for path in sorted(folder.glob("*/*")):
        if path.name.startswith(".") or path.parent.name.startswith(".") or not path.is_file():
            continue
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}", "make it readable for you") from None
        found[path.parent.name, path.name] = text.removesuffix("\n")
    if not found:
        raise UserError(
            f"{folder} has no secrets", "a directory of secrets has a file KEY in a folder NAME for each"
        )
    return found


def of_the_user(environ: Mapping[str, str]) -> Pairs:
    """What the user's own file has for the Git remote of this directory; nothing without one. Raises UserError."""
    base = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or "/nonexistent", ".config")
    path = Path(base) / "argolint" / "secrets.yaml"
    if not path.is_file():
        return {}
    remote = _remote()
    found: Pairs = {}
    for document in objects_in(str(path), read_text(path)):
        for pattern, secrets in document.items():
            if not remote or not fnmatchcase(remote, str(pattern).removesuffix(".git")):
                continue
            if not isinstance(secrets, dict) or not all(isinstance(keys, dict) for keys in secrets.values()):
                raise UserError(
                    f"{path}: {pattern} does not map secrets to their keys", "write {name: {key: value}}"
                )
            found.update({(str(n), str(k)): str(v) for n, keys in secrets.items() for k, v in keys.items()})
    return found


def _remote() -> str:
    """The address of the remote `origin`, without `.git` and credentials; "" without one."""
    try:
        done = subprocess.run(
            ["git", "remote", "get-url", "origin"], capture_output=True, text=True, timeout=20, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    address = done.stdout.strip().removesuffix(".git") if done.returncode == 0 else ""
    scheme, separator, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if separator else address
