"""The database file of the embedded cluster: opening it, its tables, and how those of older versions are brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from argolint.errors import UserError

SCHEMA_VERSION: Final = 1


def _create(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    database.execute(
        "CREATE TABLE IF NOT EXISTS log (rv INTEGER PRIMARY KEY, resource TEXT NOT NULL, namespace TEXT NOT NULL,"
        " name TEXT NOT NULL, verb INTEGER NOT NULL, value BLOB NOT NULL)"
    )
    database.execute("INSERT OR IGNORE INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))


MIGRATIONS: Final[dict[int, Callable[[sqlite3.Connection], None]]] = {}
"""From a schema version to the function that makes it the next one, inside one transaction."""


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    version = int(database.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: the data was written by a newer version of argolint (schema {version}, this one knows {SCHEMA_VERSION})",
            "Upgrade argolint, or name another folder with --data.",
        )
    while version < SCHEMA_VERSION:
        database.execute("BEGIN IMMEDIATE")
        MIGRATIONS[version](database)
        version += 1
        database.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(version),))
        database.execute("COMMIT")


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """A connection for one thread; `synchronous` is SQLite's. UserError when the file cannot be used."""
    try:
        database = sqlite3.connect(path, isolation_level=None, timeout=10)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"PRAGMA journal_size_limit = {64 * 1024 * 1024}")
        database.execute(f"PRAGMA synchronous = {'FULL' if synchronous == 'full' else 'NORMAL'}")
    except sqlite3.Error as error:
        raise _unusable(path, error) from error
    return database


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older version up to date. UserError when that is not possible."""
    try:
        _create(database)
        _migrate(database, path)
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: sqlite3.Error) -> UserError:
    return UserError(
        f"{path}: not usable as the cluster's database: {error}",
        "Restore the file from a backup, or name another folder with --data.",
    )
