"""Azure Blob Storage, by azure-storage-blob (`pip install 'argolint[azure]'`)."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.objects import ObjectDriver

Object = Mapping[str, Any]
HOST = ".core.windows.net"


class AzureDriver(ObjectDriver):
    """One container with one account key, SAS token, or this machine's own Azure identity."""

    def __init__(self, location: Object, value: Callable[[Any], str]) -> None:
        """`location` is an azure location in upstream's spelling; `value` turns a secret reference into its value."""
        self._container = str(location.get("container") or "")
        endpoint = str(location.get("endpoint") or "").rstrip("/")
        if not self._container or not endpoint:
            raise ArtifactError("azure location has no endpoint or no container")
        self._where = f"{endpoint}/{self._container}"
        key = "" if location.get("useSDKCreds") else value(location.get("accountKeySecret"))
        if not key and not location.get("useSDKCreds"):
            raise ArtifactError(
                "azure location has no accountKeySecret (useSDKCreds: true takes this machine's own credentials)"
            )
        self._client = _client(endpoint, key).get_container_client(self._container)

    def _upload(self, path: Path, key: str) -> None:
        with _errors(f"{self._where}/{key}"), open(path, "rb") as stream:
            self._client.upload_blob(key, stream, overwrite=True, length=path.stat().st_size)

    def _download(self, key: str, target: Path) -> None:
        with _errors(f"{self._where}/{key}"), open(target, "wb") as out:
            self._client.download_blob(key).readinto(out)

    def list(self, prefix: str) -> list[str]:
        with _errors(f"{self._where}/{prefix}"):
            return sorted(str(name) for name in self._client.list_blob_names(name_starts_with=prefix))

    def _remove(self, key: str) -> None:
        with _errors(f"{self._where}/{key}"):
            self._client.delete_blob(key, delete_snapshots="include")


def account_of(endpoint: str) -> str:
    """The storage account that an endpoint is of: the first label of Azure's own host names, else the first part of the path."""
    parts = urllib.parse.urlsplit(endpoint)
    host = parts.hostname or ""
    account = host.split(".")[0] if host.endswith(HOST) else parts.path.strip("/").split("/")[0]
    if not account:
        raise ArtifactError(
            f"azure: the endpoint {endpoint!r} names no storage account (https://ACCOUNT.blob{HOST}, or http://HOST:PORT/ACCOUNT)"
        )
    return account


def _client(endpoint: str, key: str) -> Any:
    try:
        from azure.storage.blob import BlobServiceClient, ExponentialRetry
    except ImportError:
        raise ArtifactError(
            "azure artifacts need azure-storage-blob: pip install 'argolint[azure]'"
        ) from None
    # Upstream tells a SAS token from an account key by its leading question mark.
    credential: Any
    if key.startswith("?") or ("sig=" in key and "sv=" in key):
        credential = key.lstrip("?")
    elif key:
        credential = {"account_name": account_of(endpoint), "account_key": key.strip()}
    else:
        credential = _own_identity()
    try:
        return BlobServiceClient(
            endpoint,
            credential=credential,
            retry_policy=ExponentialRetry(initial_backoff=0, increment_base=2, retry_total=3),
            connection_timeout=10,
            read_timeout=60,
        )
    except ValueError as error:
        raise ArtifactError(f"azure: {error}") from error


def _own_identity() -> Any:
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise ArtifactError("azure useSDKCreds needs azure-identity: pip install 'argolint[azure]'") from None
    return DefaultAzureCredential()


@contextmanager
def _errors(what: str) -> Iterator[None]:
    """The client's exceptions as ArtifactError, with what was being done."""
    from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

    try:
        yield
    except ResourceNotFoundError as error:
        if str(getattr(error, "error_code", "")) in ("BlobNotFound", "ResourceNotFound", ""):
            raise ArtifactMissing(f"there is no blob {what}") from error
        raise ArtifactError(f"{what}: {getattr(error, 'error_code', '')}") from error
    except HttpResponseError as error:
        code = getattr(error, "error_code", None) or error.reason
        raise ArtifactError(f"{what}: {error.status_code}: {code}") from error
    except (AzureError, OSError, ValueError) as error:
        raise ArtifactError(
            f"{what}: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        ) from error
