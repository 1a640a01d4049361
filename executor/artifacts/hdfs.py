"""HDFS by its native protocol, with hdfs-native (`pip install 'argolint[hdfs]'`): no Java, no WebHDFS."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.objects import inside
from executor.artifacts.secretfiles import secret_file

Object = Mapping[str, Any]
PIECE = 4 << 20  # bytes at once
USER = "HADOOP_USER_NAME"


class Identity:
    """The user's name, which the client library takes from the environment: one for all threads of this process.

    Transfers of one user go on side by side; those of another wait until none of them is under way.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._user = ""
        self._before: str | None = None
        self._count = 0

    @contextmanager
    def of(self, user: str) -> Iterator[None]:
        """Be this user ("": whoever the environment names) for a while."""
        with self._changed:
            self._changed.wait_for(lambda: not self._count or self._user == user)
            if not self._count:
                self._user, self._before = user, os.environ.get(USER)
                if user:
                    os.environ[USER] = user
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                if not self._count:
                    os.environ.pop(USER, None)
                    if self._before is not None:
                        os.environ[USER] = self._before
                    self._changed.notify_all()


_identity = Identity()


class HdfsDriver:
    """One file system as one user."""

    def __init__(self, location: Object, value: Callable[[Any], str]) -> None:
        """`location` is an hdfs location in upstream's spelling; `value` turns a secret reference into its value."""
        addresses = [str(a) for a in location.get("addresses") or []]
        if not addresses:
            raise ArtifactError("hdfs location has no addresses")
        self._where = f"hdfs://{addresses[0]}"
        self._overwrite = bool(location.get("force"))
        self._user = str(location.get("hdfsUser") or "")
        kerberos = _kerberos(location, value)
        if not self._user and not kerberos:
            raise ArtifactError("hdfs location has neither hdfsUser nor krbCCacheSecret nor krbKeytabSecret")
        config = _config(addresses, str(location.get("dataTransferProtection") or ""))
        with _identity.of(self._user):
            self._client = _client("hdfs://argorun" if len(addresses) > 1 else self._where, config, kerberos)

    def put(self, key: str, source: Path) -> None:
        """Store a file, or a directory with all of its files below `key`. Raises ArtifactError."""
        top = _absolute(key)
        if not source.is_dir():
            self._upload(source, top)
            return
        for path in sorted(source.rglob("*")):
            if path.is_file():
                self._upload(path, f"{top}/{path.relative_to(source).as_posix()}")

    def get(self, key: str, target: Path) -> None:
        """Fetch the file, or the directory, at `key`. Raises ArtifactMissing and ArtifactError."""
        top = _absolute(key)
        with self._doing(top):
            if not self._client.get_file_info(top).isdir:
                self._download(top, target)
                return
            target.mkdir(parents=True, exist_ok=True)
            for found in list(self._client.list_status(top, True)):
                path = inside(target, str(PurePosixPath(found.path).relative_to(top)))
                if found.isdir:
                    path.mkdir(parents=True, exist_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    self._download(found.path, path)

    def list(self, prefix: str) -> list[str]:
        """The paths of the files at or below `prefix`, without the leading slash, sorted."""
        top = _absolute(prefix)
        try:
            with self._doing(top):
                if not self._client.get_file_info(top).isdir:
                    return [top.lstrip("/")]
                found = self._client.list_status(top, True)
                return sorted(str(one.path).lstrip("/") for one in found if not one.isdir)
        except ArtifactMissing:
            return []

    def delete(self, key: str) -> None:
        """Delete the file or directory; nothing there is fine. Raises ArtifactError."""
        top = _absolute(key)
        try:
            with self._doing(top):
                self._client.delete(top, True)
        except ArtifactMissing:
            return

    def _upload(self, path: Path, key: str) -> None:
        from hdfs_native import WriteOptions

        options = WriteOptions(create_parent=True, overwrite=self._overwrite)
        with self._doing(key), open(path, "rb") as stream, self._client.create(key, options) as out:
            while piece := stream.read(PIECE):
                out.write(piece)

    def _download(self, key: str, target: Path) -> None:
        with self._client.read(key) as stream, open(target, "wb") as out:
            while piece := stream.read(PIECE):
                out.write(piece)

    @contextmanager
    def _doing(self, path: str) -> Iterator[None]:
        """The client's exceptions as ArtifactError; a name node's Java stack is cut off."""
        try:
            # The connection is made, and the user's name read, at the first call.
            with _identity.of(self._user):
                yield
        except FileNotFoundError as error:
            raise ArtifactMissing(f"there is no file {self._where}{path}") from error
        except FileExistsError as error:
            raise ArtifactError(f"{self._where}{path} exists already (force: true overwrites it)") from error
        except (OSError, ValueError, RuntimeError) as error:
            words = (str(error).splitlines() or [type(error).__name__])[0]
            raise ArtifactError(f"{self._where}{path}: {words}") from error


def _absolute(key: str) -> str:
    if "\0" in key or ".." in key.split("/"):
        raise ArtifactError(f"hdfs: not a path: {key!r}")
    return "/" + key.strip("/")


def _config(addresses: list[str], protection: str) -> dict[str, str]:
    """Client settings: several addresses are the name nodes of one file system, of which one is active."""
    # The library's own patience with a name node that does not answer is many minutes.
    config = {"dfs.client.failover.max.attempts": "5", "dfs.client.failover.sleep.base.millis": "200",
              "dfs.client.failover.sleep.max.millis": "2000"}  # fmt: skip
    if len(addresses) > 1:
        names = [f"nn{number}" for number in range(len(addresses))]
        config |= {"dfs.nameservices": "argorun", "dfs.ha.namenodes.argorun": ",".join(names)}
        config |= {
            f"dfs.namenode.rpc-address.argorun.{name}": address for name, address in zip(names, addresses)
        }
    if protection:
        config["dfs.data.transfer.protection"] = protection
    return config


def _kerberos(location: Object, value: Callable[[Any], str]) -> dict[str, str]:
    """The client's keyword arguments for Kerberos: a ticket cache, or a keytab with its principal."""
    if location.get("krbCCacheSecret"):
        return {"kerberos_cache": secret_file(value(location["krbCCacheSecret"]))}
    if location.get("krbKeytabSecret"):
        user, realm = str(location.get("krbUsername") or ""), str(location.get("krbRealm") or "")
        if not user:
            raise ArtifactError("hdfs location has krbKeytabSecret but no krbUsername")
        return {
            "kerberos_keytab": secret_file(value(location["krbKeytabSecret"])),
            "kerberos_principal": f"{user}@{realm}" if realm else user,
        }
    return {}


def _client(url: str, config: dict[str, str], kerberos: dict[str, str]) -> Any:
    try:
        from hdfs_native import Client
    except ImportError:
        raise ArtifactError("hdfs artifacts need hdfs-native: pip install 'argolint[hdfs]'") from None
    try:
        return Client(url, config, **kerberos)
    except Exception as error:  # the extension raises several kinds
        raise ArtifactError(f"hdfs: {url}: {str(error).splitlines()[0]}") from error
