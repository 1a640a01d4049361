"""The default store: plain directories that follow the key, `<root>/<kind>/<bucket>/<key>`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from executor.artifacts.base import ArtifactError, ArtifactMissing


class DiskStore:
    """An ArtifactStore in a directory. Writers put a file beside and rename it, so readers never see half a file."""

    def __init__(self, root: Path, secret: Callable[[Mapping[str, Any]], str] | None = None) -> None:
        """`secret` turns a reference {name, key} into its value, for locations that need credentials."""
        self.root = root
        self.secret = secret

    sources: Mapping[str, Path] = {}  # git repositories that stand for a checkout of this machine

    def with_secrets(self, secret: Callable[[Mapping[str, Any]], str]) -> Self:
        """The same store, with the credentials of one pod's namespace."""
        other = type(self)(self.root, secret)
        other.sources = self.sources
        return other

    def _path(self, key: str) -> Path:
        parts = [part for part in key.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or any("\0" in part for part in parts):
            raise ArtifactError(f"artifact key {key!r} is not usable as a path")
        return self.root.joinpath(*parts)

    def put_file(self, key: str, source: Path) -> None:
        path = self._path(key)
        beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, beside, symlinks=True)
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.exists():
                    path.unlink()
            else:
                shutil.copy2(source, beside)
                if path.is_dir():
                    shutil.rmtree(path)
            os.replace(beside, path)
        except OSError as error:
            raise ArtifactError(f"cannot store artifact {key}: {error.strerror or error}") from error

    def get_file(self, key: str, target: Path) -> None:
        path = self._path(key)
        if not path.exists():
            raise ArtifactMissing(f"artifact {key} is not in the store")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(path, target)
        except OSError as error:
            raise ArtifactError(f"cannot load artifact {key}: {error.strerror or error}") from error

    def exists(self, key: str) -> bool:
        return self._path(key).exists()

    def list(self, prefix: str) -> Iterator[str]:
        start = self._path(prefix)
        if start.is_file():
            yield start.relative_to(self.root).as_posix()
            return
        for folder, folders, files in os.walk(start):
            folders.sort()
            for name in sorted(files):
                if not (name.startswith(".") and name.endswith(".part")):
                    yield (Path(folder) / name).relative_to(self.root).as_posix()

    def delete(self, key: str) -> None:
        path = self._path(key)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
