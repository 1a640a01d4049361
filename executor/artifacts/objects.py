"""What stores of objects by key have in common: a directory is the objects below a key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from executor.artifacts.base import ArtifactError, ArtifactMissing


class ObjectDriver(ABC):
    """Files and directories in a store that knows objects only. A subclass says how one object is moved."""

    def put(self, key: str, source: Path) -> None:
        """Store a file, or a directory with all of its files below `key`. Raises ArtifactError."""
        if not source.is_dir():
            self._upload(source, key)
            return
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self._upload(path, f"{key.rstrip('/')}/{path.relative_to(source).as_posix()}")

    def get(self, key: str, target: Path) -> None:
        """Fetch the object, or everything below `key` into a directory. Raises ArtifactMissing and ArtifactError."""
        try:
            self._download(key, target)
            return
        except ArtifactMissing:
            target.unlink(missing_ok=True)
            below = self.list(f"{key.rstrip('/')}/")
            if not below:
                raise
        for name in below:
            inner = name[len(key.rstrip("/")) + 1 :]
            if inner and not inner.endswith("/"):
                path = inside(target, inner)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._download(name, path)

    def delete(self, key: str) -> None:
        """Delete the object, and everything below it; nothing there is fine. Raises ArtifactError."""
        below = f"{key.rstrip('/')}/"
        # Some stores answer with an error of their own to the deletion of what is a prefix only.
        for name in self.list(key.rstrip("/")):
            if name == key or name.startswith(below):
                try:
                    self._remove(name)
                except ArtifactMissing:
                    continue

    @abstractmethod
    def list(self, prefix: str) -> list[str]:
        """The keys that start with `prefix`, sorted. Raises ArtifactError."""

    @abstractmethod
    def _upload(self, path: Path, key: str) -> None:
        """Store one file."""

    @abstractmethod
    def _download(self, key: str, target: Path) -> None:
        """Fetch one object. Raises ArtifactMissing when there is none."""

    @abstractmethod
    def _remove(self, key: str) -> None:
        """Delete one object; ArtifactMissing when there is none is fine."""


def inside(target: Path, name: str) -> Path:
    """A path below `target`; a key that would lead outside is refused."""
    parts = name.split("/")
    if ".." in parts or name.startswith("/") or "\0" in name:
        raise ArtifactError(f"refused: the key {name!r} leads outside the artifact")
    return target.joinpath(*[p for p in parts if p not in ("", ".")])
