"""Backups of a data folder: the database and the keys that belong to it, in one tar file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from argolint.errors import UserError

DATABASE: Final = "cluster.db"
ARCHIVE: Final = "archive.db"
KEYS: Final = "pki"


class Saved(NamedTuple):
    """What a backup holds: objects, and the newest resource version in it."""

    objects: int
    resource_version: int


def save(data: Path, target: Path) -> Saved:
    """Write a backup of the folder `data` to the file `target`, whether a server runs on it or not.

    Everything that was acknowledged before the call is in it, and nothing by half: SQLite copies one state of the database.
    The file holds private keys, so only its owner may read it. UserError when there is nothing to save or no room for it.
    """
    source = data / DATABASE
    if not source.is_file():
        raise UserError(f"{data}: there is no cluster here", "Name the data folder of a cluster with --data.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
            copy, packed = Path(folder) / DATABASE, Path(folder) / "backup.tar"
            found = _copy(source, copy)
            with open(packed, "xb", opener=_private) as file, tarfile.open(fileobj=file, mode="w") as archive:
                archive.add(copy, DATABASE)
                if (data / ARCHIVE).is_file():
                    kept = Path(folder) / ARCHIVE
                    _copy_database(data / ARCHIVE, kept)
                    archive.add(kept, ARCHIVE)
                if (data / KEYS).is_dir():
                    archive.add(data / KEYS, KEYS)
            _sync(packed)
            os.replace(packed, target)
    except sqlite3.Error as error:
        raise UserError(
            f"{source}: cannot be copied: {error}", "Check that it is a cluster's database, and the disk."
        ) from error
    except OSError as error:
        raise UserError(
            f"{target}: cannot be written: {error.strerror or error}", "Name another file with --out."
        ) from error
    return found


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextlib.contextmanager
def _copied(source: Path, target: Path) -> Iterator[sqlite3.Connection]:
    """The copy of a database that may be in use."""
    with (
        contextlib.closing(
            sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=30)
        ) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
        # One file is easier to carry than a database with its log beside it; the server switches back to WAL.
        new.execute("PRAGMA journal_mode = DELETE")
        yield new


def _copy_database(source: Path, target: Path) -> None:
    with _copied(source, target):
        pass


def _copy(source: Path, target: Path) -> Saved:
    with _copied(source, target) as new:
        newest = new.execute("SELECT max(rv) FROM log").fetchone()[0] or 0
        latest = "SELECT verb, max(rv) FROM log GROUP BY resource, namespace, name"
        objects = new.execute(f"SELECT count(*) FROM ({latest}) WHERE verb != 2").fetchone()[0]
        return Saved(objects, newest)


def restore(file: Path, data: Path) -> None:
    """Unpack a backup into the folder `data`, which must not hold a cluster yet. UserError when it cannot be."""
    if (data / DATABASE).exists():
        raise UserError(f"{data}: there is a cluster here already", "Name a new folder with --data.")
    try:
        with tarfile.open(file) as archive:
            members = archive.getmembers()
            strange = [found.name for found in members if not _expected(found)]
            if strange or DATABASE not in (found.name for found in members):
                raise UserError(
                    f"{file}: not a backup of a cluster"
                    + (f": it holds {strange[0]}" if strange else f": it holds no {DATABASE}"),
                    "Name a file that `argorun backup --out` has written.",
                )
            data.mkdir(parents=True, exist_ok=True)
            archive.extractall(data, members, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise UserError(
            f"{file}: not a backup: {error}", "Name a file that `argorun backup --out` has written."
        ) from error
    except OSError as error:
        raise UserError(
            f"{error.filename or file}: {error.strerror or error}", "Check the file and the folder."
        ) from error


def _expected(member: tarfile.TarInfo) -> bool:
    parts = PurePosixPath(member.name).parts
    if member.isdir():
        return parts == (KEYS,)
    return member.isfile() and (parts in ((DATABASE,), (ARCHIVE,)) or (len(parts) == 2 and parts[0] == KEYS))
