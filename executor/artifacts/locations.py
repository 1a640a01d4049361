"""Artifact locations: which store key an artifact has, and loading from raw, http and git."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from executor.artifacts.base import ArtifactError, ArtifactMissing, ArtifactStore
from executor.artifacts.checkout import checkout_of, copy_checkout

Object = Mapping[str, Any]
SecretKey = Callable[[Object], str]  # {name, key} -> the value; raises ArtifactError

# The stores that a key on disk stands for: (location field, its bucket field, its key field).
STORES: tuple[tuple[str, str, str], ...] = (
    ("azure", "container", "blob"),
    ("gcs", "bucket", "key"),
    ("hdfs", "hdfsUser", "path"),
    ("oss", "bucket", "key"),
    ("s3", "bucket", "key"),
    ("artifactory", "", "url"),
    ("plugin", "name", "key"),
)
# When several are set (upstream: artifact location precedence).
PRECEDENCE = ("artifactory", "azure", "git", "gcs", "hdfs", "http", "oss", "raw", "s3", "plugin")
DEFAULT_BUCKET = "default"
_FIELDS = {kind: (bucket, key) for kind, bucket, key in STORES}


def location_kind(artifact: Object) -> str | None:
    """The location field that counts, or None when the artifact has none."""
    return next((kind for kind in PRECEDENCE if artifact.get(kind) is not None), None)


def key_of(location: Object, kind: str) -> str:
    """The key that a location names, without a leading slash."""
    return str((location.get(kind) or {}).get(_FIELDS[kind][1]) or "").lstrip("/")


def store_key(kind: str, bucket: str, key: str) -> str:
    """The key in the content store."""
    return f"{kind}/{bucket or DEFAULT_BUCKET}/{key.split('://', 1)[-1].lstrip('/')}"


def bucket_of(location: Object, kind: str) -> str:
    """The bucket that a location names, or ""."""
    field = _FIELDS[kind][0]
    return str((location.get(kind) or {}).get(field) or "") if field else ""


def relocated(key: str, archive_location: Object, *, default_kind: str = "s3") -> dict[str, Any]:
    """A location for `key` of the same type as the repository's, with nothing but the key."""
    kind = location_kind(archive_location)
    if kind not in _FIELDS:
        kind = default_kind
    return {kind: {_FIELDS[kind][1]: key}}


def load(
    artifact: Object, target: Path, store: ArtifactStore, archive_location: Object, secret: SecretKey
) -> None:
    """Load an artifact's bytes to `target` (nothing unpacked yet). Raises ArtifactMissing and ArtifactError."""
    kind = location_kind(artifact)
    name = artifact.get("name", "")
    if kind is None:
        raise ArtifactMissing(f"required artifact '{name}' not supplied")
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind == "raw":
        target.write_text(str(artifact["raw"].get("data") or ""), encoding="utf-8", errors="surrogateescape")
    elif kind == "http":
        from executor.artifacts.web import driver_of

        driver_of(artifact["http"], secret).get(str(artifact["http"].get("url") or ""), target)
    elif kind == "git":
        checkout = checkout_of(str(artifact["git"].get("repo") or ""), getattr(store, "sources", {}))
        if checkout is not None:
            copy_checkout(checkout, target)
        else:
            _git_clone(artifact["git"], target, secret)
    else:
        _from_store(artifact, kind, target, store, archive_location)


def _from_store(
    artifact: Object, kind: str, target: Path, store: ArtifactStore, archive_location: Object
) -> None:
    driver, key = _remote(artifact, kind, store, archive_location)
    if not key:
        raise ArtifactMissing(f"required artifact '{artifact.get('name', '')}' has no key")
    if driver is not None:
        driver.get(key, target)
        return
    own = bucket_of(artifact, kind)
    repository = bucket_of(archive_location, kind) if location_kind(archive_location) == kind else ""
    for bucket in dict.fromkeys([own] if own else [repository, DEFAULT_BUCKET]):
        candidate = store_key(kind, bucket, key)
        if store.exists(candidate):
            store.get_file(candidate, target)
            return
    raise ArtifactMissing(
        f"artifact '{artifact.get('name', '')}' not found: no {kind} object with the key {key!r} in the local store"
    )


def _remote(artifact: Object, kind: str, store: ArtifactStore, archive_location: Object) -> tuple[Any, str]:
    """(the driver of the real store, or None for the directory; the key there). What a location leaves out, the repository says."""
    key = key_of(artifact, kind)
    reach = getattr(store, "remote", None)
    if reach is None:
        return None, key
    own = artifact.get(kind) or {}
    repository = archive_location.get(kind) or {}
    names = ("addresses",) if kind == "hdfs" else (_FIELDS[kind][0], "endpoint")
    complete = kind == "artifactory" or any(own.get(name) for name in names)
    merged = dict(own) if complete else {**repository, **{k: v for k, v in own.items() if v}}
    if kind not in ("artifactory", "plugin") and not merged.get(names[0]):
        return None, key
    return reach(kind, merged), key


def keys_below(location: Object, kind: str, store: ArtifactStore, archive_location: Object) -> list[str]:
    """The keys below a location, as its store has them, sorted. Raises ArtifactError."""
    driver, key = _remote(location, kind, store, archive_location)
    if driver is not None:
        found: list[str] = driver.list(key)
        return found
    bucket = bucket_of(location, kind) or bucket_of(archive_location, kind)
    base = store_key(kind, bucket, "x")[:-1]
    return sorted(name.removeprefix(base) for name in store.list(base + key))


def save(
    location: Object,
    source: Path,
    store: ArtifactStore,
    archive_location: Object,
    secret: SecretKey | None = None,
) -> None:
    """Store a packed artifact, or a plain file or directory, at its location. Raises ArtifactError."""
    kind = location_kind(location)
    if kind in _FIELDS:
        driver, key = _remote(location, kind, store, archive_location)
        if driver is not None:
            driver.put(key, source)
            return
        bucket = bucket_of(location, kind)
        if not bucket and location_kind(archive_location) == kind:
            bucket = bucket_of(archive_location, kind)
        store.put_file(store_key(kind, bucket, key_of(location, kind)), source)
    elif kind == "http":
        from executor.artifacts.web import driver_of

        driver_of(location["http"], secret or getattr(store, "secret", None) or _no_secret).put(
            str(location["http"].get("url") or ""), source
        )
    else:
        raise ArtifactError(f"artifacts cannot be saved to {kind or 'no location'}")


def delete(artifact: Object, store: ArtifactStore, archive_location: Object) -> None:
    """Delete what an artifact's location names; nothing there is fine. Raises ArtifactError."""
    kind = location_kind(artifact)
    if kind not in _FIELDS:
        raise ArtifactError(f"artifacts in {kind or 'no location'} cannot be deleted")
    driver, key = _remote(artifact, kind, store, archive_location)
    if not key.strip("/"):
        raise ArtifactError(f"artifact '{artifact.get('name', '')}' has no key")
    if driver is not None:
        driver.delete(key)
        return
    bucket = bucket_of(artifact, kind)
    if not bucket and location_kind(archive_location) == kind:
        bucket = bucket_of(archive_location, kind)
    store.delete(store_key(kind, bucket, key))


def _no_secret(reference: Object) -> str:
    raise ArtifactError(f"secret {reference.get('name')!r} cannot be looked up here")


def _git(arguments: list[str], env: Mapping[str, str], cwd: Path | None = None) -> None:
    base = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent", "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C"}  # fmt: skip
    try:
        done = subprocess.run(
            ["git", *arguments], env={**base, **env}, cwd=cwd, capture_output=True, timeout=600, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise ArtifactError("git artifact: there is no git program on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise ArtifactError("git artifact: git took longer than ten minutes") from error
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise ArtifactError(
            f"git artifact: git {arguments[0]} failed: {words[-1] if words else done.returncode}"
        )


def _git_clone(location: Object, target: Path, secret: SecretKey) -> None:
    """Clone with the git program; options that start with a dash or odd transports are refused."""
    repo = str(location.get("repo") or "")
    allowed = ("https://", "http://", "ssh://", "git://", "git@", "file://", "/")
    if not repo.startswith(allowed):
        raise ArtifactError(f"git artifact: repo {repo!r} is not an address that git may fetch from")
    env: dict[str, str] = {"GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file"}
    if location.get("insecureSkipTLS"):
        env["GIT_SSL_NO_VERIFY"] = "true"
    key_file: Path | None = None
    if location.get("sshPrivateKeySecret"):
        key_file = target.with_name(target.name + ".key")
        key_file.touch(mode=0o600)
        key_file.write_text(secret(location["sshPrivateKeySecret"]))
        strict = "no" if location.get("insecureIgnoreHostKey") else "accept-new"
        env["GIT_SSH_COMMAND"] = (
            f"ssh -i '{key_file}' -o IdentitiesOnly=yes -o StrictHostKeyChecking={strict} -o UserKnownHostsFile=/dev/null"
        )
    if location.get("usernameSecret") or location.get("passwordSecret"):
        user = secret(location["usernameSecret"]) if location.get("usernameSecret") else ""
        password = secret(location["passwordSecret"]) if location.get("passwordSecret") else ""
        env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "credential.helper",
            "GIT_CONFIG_VALUE_0": '!f() { echo "username=$ARGO_GIT_USER"; echo "password=$ARGO_GIT_PASSWORD"; }; f',
            "ARGO_GIT_USER": user,
            "ARGO_GIT_PASSWORD": password,
        }
    clone = ["clone", "--quiet"]
    if location.get("depth") is not None:
        clone += ["--depth", str(int(location["depth"]))]
    if location.get("singleBranch"):
        clone += ["--single-branch"]
    if location.get("branch"):
        clone += [f"--branch={location['branch']}"]
    try:
        _git([*clone, "--", repo, str(target)], env)
        for refspec in location.get("fetch") or []:
            _git(["fetch", "--quiet", "--", "origin", str(refspec)], env, target)
        revision = str(location.get("revision") or "")
        if revision:
            if revision.startswith("-"):
                raise ArtifactError(f"git artifact: revision {revision!r} is not a revision")
            try:
                _git(["checkout", "--quiet", revision, "--"], env, target)
            except ArtifactError:
                _git(["fetch", "--quiet", "--", "origin", revision], env, target)
                _git(["checkout", "--quiet", "FETCH_HEAD", "--"], env, target)
        if not location.get("disableSubmodules") and (target / ".gitmodules").exists():
            _git(["submodule", "update", "--quiet", "--init", "--recursive"], env, target)
    finally:
        if key_file is not None:
            key_file.unlink(missing_ok=True)
