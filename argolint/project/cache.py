"""Results of earlier runs, by content: one marshalled blob a project, written atomically, never trusted when damaged."""

from __future__ import annotations

import marshal
import os
import time
from typing import Any

from argolint.digest import blake2b

_MAGIC = "argolint-cache-2"

# digest of a file -> see argolint.batch
Entries = dict[bytes, Any]
# path relative to the root -> (size, mtime, ctime, inode, digest of the file, whether it is a manifest)
Stats = dict[str, tuple[int, int, int, int, bytes, bool]]

# A file that was changed so shortly before it was read may be changed again without its times showing it.
_RACY_NS = 2_000_000_000


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


class Store:
    """What is remembered of a project: results by content, and which content each path had when it was last read."""

    __slots__ = ("entries", "namespace", "now", "root", "seen", "stats")

    def __init__(self, root: str, namespace: str, entries: Entries, stats: Stats) -> None:
        self.root = os.path.abspath(root or ".")
        self.namespace = namespace
        self.entries = entries
        self.stats = stats
        self.seen: Stats = {}
        self.now = time.time_ns()

    def relative(self, path: str) -> str:
        """A path as it is called in the store: relative to the root."""
        full = os.path.abspath(path)
        if full.startswith(self.root) and full[len(self.root) : len(self.root) + 1] == os.sep:
            return full[len(self.root) + 1 :]
        return os.path.relpath(full, self.root)

    def known(self, name: str, stat: os.stat_result) -> tuple[bytes, bool] | None:
        """(digest, is a manifest) of a file that has not changed since it was read; None when that is not certain."""
        entry = self.stats.get(name)
        if entry is None or entry[:4] != _signature(stat):
            return None
        self.seen[name] = entry
        return entry[4], entry[5]

    def note(self, name: str, stat: os.stat_result, digest: bytes, manifest: bool) -> None:
        """Remember what a file was read as."""
        if self.now - max(stat.st_mtime_ns, stat.st_ctime_ns) > _RACY_NS:
            self.seen[name] = (*_signature(stat), digest, manifest)

    @property
    def stale(self) -> bool:
        """Whether there is something new to remember about files."""
        return any(self.stats.get(name) is not entry for name, entry in self.seen.items())


def _signature(stat: os.stat_result) -> tuple[int, int, int, int]:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def read(root: str, namespace: str) -> Store:
    """What is stored for this project under this namespace (versions, rules, settings); an empty store if nothing is."""
    try:
        with open(blob_path(root), "rb") as file:
            stored = marshal.load(file)
        if stored[0] == _MAGIC and stored[1] == namespace and isinstance(stored[2], dict):
            return Store(root, namespace, stored[2], dict(stored[3]))
    except (OSError, ValueError, EOFError, TypeError, IndexError, MemoryError):
        pass
    return Store(root, namespace, {}, {})


def write(store: Store, entries: Entries) -> None:
    """Store the entries and what is known of files. A cache that cannot be written is not an error."""
    path = blob_path(store.root)
    temporary = f"{path}.{os.getpid()}"
    stats = {**store.stats, **store.seen} if len(store.stats) < 4 * len(store.seen) + 200 else store.seen
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            marshal.dump((_MAGIC, store.namespace, entries, stats), file)
        os.replace(temporary, path)
    except (OSError, ValueError):
        try:
            os.unlink(temporary)
        except OSError:
            pass
