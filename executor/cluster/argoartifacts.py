"""Artifacts of workflows by HTTP, as argo-server hands them out to its UI and to `argo cp`.

`/artifacts/NAMESPACE/WORKFLOW/NODE/NAME`, `/input-artifacts/…`, both `…-by-uid/UID/NODE/NAME`, and
`/artifact-files/NAMESPACE/workflows|archived-workflows/ID/NODE/inputs|outputs/NAME`. The answer is what is stored, packed as it is.
Upstream: server/artifacts/artifact_server.go.
"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import argoarchive
from executor.cluster.auth import User
from executor.cluster.http import Request, Response
from executor.cluster.status import ApiStatus, method_not_allowed, no_such_path, not_found
from executor.engine import size

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

ROOTS: Final = (
    "artifacts",
    "input-artifacts",
    "artifacts-by-uid",
    "input-artifacts-by-uid",
    "artifact-files",
)
_CHUNK: Final = 256 * 1024


def is_artifact_path(path: str) -> bool:
    """Whether a path asks for an artifact."""
    return path.split("/", 2)[1:2] != [] and path.split("/", 2)[1] in ROOTS


async def respond(cluster: Cluster, request: Request, path: str, user: User) -> Response:
    """The content of an artifact. ApiStatus 404 when there is none, 500 when its repository does not give it."""
    if request.method not in ("GET", "HEAD"):
        raise method_not_allowed()
    root, *parts = path.strip("/").split("/")
    side = "inputs" if root.startswith("input-") else "outputs"
    if root == "artifact-files" and len(parts) >= 6 and parts[4] in ("inputs", "outputs"):
        namespace, kind, identity, node, side = parts[:5]
        name = parts[5]
        by_uid = kind == "archived-workflows"
    elif root.endswith("-by-uid") and len(parts) == 3:
        namespace, (identity, node, name), by_uid = "", parts, True
    elif not root.endswith("-by-uid") and root != "artifact-files" and len(parts) == 4:
        (namespace, identity, node, name), by_uid = parts, False
    else:
        raise no_such_path()
    workflow = _workflow(cluster, namespace, identity, by_uid)
    data = workflow["metadata"]
    argoarchive.authorize(cluster, user, "get", data["namespace"], data["name"])
    status = workflow.get("status") or {}
    found = ((status.get("nodes") or {}).get(node) or {}).get(side) or {}
    artifact = next((item for item in found.get("artifacts") or () if item.get("name") == name), None)
    if artifact is None:
        raise ApiStatus(
            404, "NotFound", f"artifact not found: node {node} has no {side[:-1]} artifact {name}"
        )
    repository = (status.get("artifactRepositoryRef") or {}).get("artifactRepository") or {}
    folder = tempfile.TemporaryDirectory(prefix="argolint-artifact-")
    try:
        target = await asyncio.to_thread(
            _load, cluster, data["namespace"], artifact, repository, Path(folder.name)
        )
    except BaseException:
        folder.cleanup()
        raise
    return Response(
        200,
        content_type="application/octet-stream",
        stream=_chunks(target, folder),
        headers={"content-disposition": f'filename="{_file_name(artifact)}"'},
    )


def _workflow(cluster: Cluster, namespace: str, identity: str, by_uid: bool) -> Mapping[str, Any]:
    if by_uid:
        found = cluster.archive.get(identity)
    else:
        entry = cluster.store.get("workflows.argoproj.io", namespace, identity)
        found = (
            dict(size.hydrate(entry.obj)) if entry is not None else cluster.archive.named(namespace, identity)
        )
    if found is None or (namespace and found["metadata"]["namespace"] != namespace):
        raise not_found("workflows", "argoproj.io", identity)
    return found


def _file_name(artifact: Mapping[str, Any]) -> str:
    from executor.artifacts import locations

    kind = locations.location_kind(artifact)
    key = locations.key_of(artifact, kind) if kind in {row[0] for row in locations.STORES} and kind else ""
    name = PurePosixPath(key).name or str(artifact.get("name"))
    return "".join(char for char in name if char.isprintable() and char not in '"\\')


def _load(
    cluster: Cluster, namespace: str, artifact: Mapping[str, Any], repository: Mapping[str, Any], folder: Path
) -> Path:
    """Fetch an artifact to a file. ApiStatus 404 or 500."""
    from executor.artifacts import archives, locations
    from executor.artifacts.base import ArtifactError, ArtifactMissing
    from executor.artifacts.disk import DiskStore

    def secret(reference: Mapping[str, Any]) -> str:
        name, key = str(reference.get("name")), str(reference.get("key"))
        entry = cluster.store.get("secrets", namespace, name)
        value = ((entry.obj if entry else {}).get("data") or {}).get(key)
        if value is None:
            raise ArtifactError(f"secret {name} has no key {key}")
        return base64.b64decode(value).decode(errors="replace")

    kind = locations.location_kind(artifact)
    if kind not in ("raw", *(row[0] for row in locations.STORES)):
        raise ApiStatus(
            400,
            "BadRequest",
            f"artifact {artifact.get('name')} is no file of a repository: get it from its {kind} source",
        )
    store = DiskStore(cluster.data / "artifacts").with_secrets(secret)
    target = folder / "artifact"
    try:
        locations.load(artifact, target, store, repository, secret)
    except ArtifactMissing as error:
        raise ApiStatus(404, "NotFound", str(error)) from error
    except (ArtifactError, OSError) as error:
        raise ApiStatus(500, "InternalError", str(error)) from error
    if target.is_dir():
        packed = folder / "artifact.tgz"
        archives.pack_tar(target, packed, str(artifact.get("name")))
        return packed
    return target


async def _chunks(path: Path, folder: tempfile.TemporaryDirectory[str]) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
    finally:
        folder.cleanup()
