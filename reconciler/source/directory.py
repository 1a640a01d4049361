"""A plain folder as a source: for a laptop, an air gap, or a folder that something else fills."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.config import SourceConfig
from reconciler.model import digest
from reconciler.source.environment import local_path
from reconciler.source.errors import SourceError
from reconciler.source.tree import Entry, Revision, Tree, choose


class DirectorySource:
    """The files of a folder; its revision is a hash of the chosen files. Links are never followed."""

    def __init__(self, config: SourceConfig) -> None:
        self.config = config
        self._root = Path(local_path(config.url))

    def poll(self) -> Revision:
        """A revision that changes when a chosen file does. Raises SourceError."""
        return self.read(Revision("directory", "")).revision

    def fetch(self, revision: Revision) -> Revision:
        """Nothing to fetch."""
        return revision

    def read(self, revision: Revision) -> Tree:
        """The chosen files as they are now."""
        if not self._root.is_dir():
            raise SourceError(
                "SourceUnavailable",
                f"{self.config.name}: {self._root} does not exist or is no folder",
                "bring the folder back or correct `url`; nothing is deleted because of this",
                transient=True,
            )
        tree = choose(self._entries(), self.config, self._read, Revision(str(self._root), "directory"))
        commit = digest([*tree.files, *(f.as_dict() for f in tree.findings)])
        return tree._replace(revision=Revision("directory", commit), tree_id=commit)

    def contains(self, revision: Revision, commit: str) -> bool:
        """A folder has no history that could be rewritten."""
        return True

    def describe(self, revision: Revision) -> dict[str, str]:
        """A folder has no author."""
        return {}

    def _entries(self) -> Iterator[Entry]:
        for folder, folders, names in os.walk(self._root, followlinks=False):
            folders[:] = sorted(name for name in folders if name != ".git")
            for name in sorted(names):
                path = Path(folder) / name
                status = path.lstat()
                mode = "120000" if stat.S_ISLNK(status.st_mode) else "100644"
                if stat.S_ISLNK(status.st_mode) or stat.S_ISREG(status.st_mode):
                    relative = path.relative_to(self._root).as_posix()
                    yield Entry(relative, mode, str(status.st_mtime_ns), status.st_size)

    def _read(self, entry: Entry) -> bytes:
        descriptor = os.open(self._root / entry.path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(self.config.max_file_bytes + 1)
