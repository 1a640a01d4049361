"""Results of earlier runs, by content: one marshalled blob a project, written atomically, never trusted when damaged."""

from __future__ import annotations

import marshal
import os
from hashlib import blake2b
from typing import Any

_MAGIC = "argolint-cache-1"

# digest of a file -> see argolint.batch
Entries = dict[bytes, Any]


def cache_folder() -> str:
    """$ARGOLINT_CACHE_DIR, or the user's cache folder."""
    explicit = os.environ.get("ARGOLINT_CACHE_DIR")
    if explicit:
        return explicit
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "argolint")


def blob_path(root: str) -> str:
    """The blob of the project whose root that is."""
    digest = blake2b(os.path.abspath(root or ".").encode("utf-8", "replace"), digest_size=10).hexdigest()
    return os.path.join(cache_folder(), f"project-{digest}.bin")


def content_key(path: str, data: bytes) -> bytes:
    """The key of a file: its path and its bytes."""
    digest = blake2b(path.encode("utf-8", "replace"), digest_size=16)
    digest.update(b"\0")
    digest.update(data)
    return digest.digest()


def read(root: str, namespace: str) -> Entries:
    """The entries stored for this project under this namespace (versions, rules, settings); {} when there are none."""
    try:
        with open(blob_path(root), "rb") as file:
            stored = marshal.load(file)
        if stored[0] == _MAGIC and stored[1] == namespace and isinstance(stored[2], dict):
            entries: Entries = stored[2]
            return entries
    except (OSError, ValueError, EOFError, TypeError, IndexError, MemoryError):
        pass
    return {}


def write(root: str, namespace: str, entries: Entries) -> None:
    """Store the entries. A cache that cannot be written is not an error."""
    path = blob_path(root)
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            marshal.dump((_MAGIC, namespace, entries), file)
        os.replace(temporary, path)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass
