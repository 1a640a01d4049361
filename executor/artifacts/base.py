"""Where artifacts live: a store of files by key, and the errors of moving them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class ArtifactError(Exception):
    """An artifact could not be loaded or saved. The text is what the node's message will say."""


class ArtifactMissing(ArtifactError):
    """There is nothing at that key."""


class ArtifactStore(Protocol):
    """Files by key. A key is `kind/bucket/path/of/the/object`; directories are the keys below a prefix."""

    def put_file(self, key: str, source: Path) -> None:
        """Store a file, or a directory with everything in it, under `key`, replacing what was there."""

    def get_file(self, key: str, target: Path) -> None:
        """Copy the file, or the directory, at `key` to `target`. Raises ArtifactMissing."""

    def exists(self, key: str) -> bool:
        """Whether there is a file at `key`, or below it."""

    def list(self, prefix: str) -> Iterator[str]:
        """The keys of all files at or below `prefix`, sorted."""

    def delete(self, key: str) -> None:
        """Delete the file at `key`, and all below it; nothing there is fine."""
