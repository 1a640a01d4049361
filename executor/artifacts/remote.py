"""The stores that manifests name, for `--artifacts real`: which driver a location has, and where its credentials come from.

A location that names no endpoint and bucket of a real store (the default repository of a local run) stays a directory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from executor.artifacts.base import ArtifactError
from executor.artifacts.disk import DiskStore

Object = Mapping[str, Any]
SecretKey = Callable[[Object], str]  # {name, key} -> the value; raises ArtifactError
KINDS = ("artifactory", "azure", "gcs", "hdfs", "oss", "s3")
LOCAL_ENDPOINT = "local"


class RemoteDriver(Protocol):
    """Moves files and directories between this machine and one store. Errors are ArtifactError and ArtifactMissing."""

    def put(self, key: str, source: Path) -> None:
        """Store a file, or a directory with all of its files below `key`."""

    def get(self, key: str, target: Path) -> None:
        """Fetch the file, or everything below `key` into a directory."""

    def list(self, prefix: str) -> list[str]:
        """The keys that start with `prefix`, sorted."""

    def delete(self, key: str) -> None:
        """Delete the file, and everything below it; nothing there is fine."""


class RemoteStore(DiskStore):
    """An ArtifactStore on disk that knows how to reach the real stores of a location."""

    def __init__(self, root: Path, secret: SecretKey | None = None) -> None:
        super().__init__(root, secret)
        self._drivers: dict[str, RemoteDriver] = {}

    def remote(self, kind: str, location: Object) -> RemoteDriver | None:
        """The driver of a location; None when it is kept on disk. Raises ArtifactError."""
        if kind not in KINDS:
            raise ArtifactError(
                f"{kind} artifacts cannot be reached from here (only {', '.join(KINDS)}, http, git and raw): leave --artifacts real out"
            )
        if location.get("endpoint") == LOCAL_ENDPOINT:
            return None
        identity = json.dumps(
            [kind, {k: v for k, v in location.items() if k not in ("key", "url", "blob", "path")}],
            sort_keys=True,
        )
        if identity not in self._drivers:
            self._drivers[identity] = self._driver(kind, location)
        return self._drivers[identity]

    def _value(self, reference: Any) -> str:
        if not isinstance(reference, Mapping) or not reference.get("name"):
            return ""
        if self.secret is None:
            raise ArtifactError(f"secret {reference.get('name')!r} cannot be looked up here")
        return self.secret(reference)

    def _driver(self, kind: str, location: Object) -> RemoteDriver:
        if kind == "s3":
            from executor.artifacts.s3 import S3Driver

            return S3Driver(location, self._value)
        if kind == "gcs":
            from executor.artifacts.gcs import GcsDriver

            return GcsDriver(location, self._value)
        if kind == "azure":
            from executor.artifacts.azure import AzureDriver

            return AzureDriver(location, self._value)
        if kind == "hdfs":
            from executor.artifacts.hdfs import HdfsDriver

            return HdfsDriver(location, self._value)
        if kind == "oss":
            from executor.artifacts.oss import OssDriver

            return OssDriver(location, self._value)
        from executor.artifacts.web import WebDriver

        user, password = (
            self._value(location.get("usernameSecret")),
            self._value(location.get("passwordSecret")),
        )
        return WebDriver(user=user, password=password)
