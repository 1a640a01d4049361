"""A pod's volumes as host directories, and a container's mounts of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from executor.runtimes.base import Mount
from executor.runtimes.podenv import ConfigError, Sources, expand

Object = Mapping[str, Any]


def _safe(path: str, what: str) -> str:
    """A relative path without "..". Raises ConfigError."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts:
        raise ConfigError(f"{what} must be a relative path without '..': {path!r}")
    return "/".join(parts)


def _write_files(directory: Path, files: Mapping[str, bytes], modes: Mapping[str, int], default: int) -> None:
    for name, content in files.items():
        target = directory / _safe(name, "a key's path")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(modes.get(name, default))


def _projected_keys(
    values: Mapping[str, bytes], source: Object, what: str
) -> tuple[dict[str, bytes], dict[str, int]]:
    """The files of a configMap or secret source: `items` picks keys and names the files."""
    items = source.get("items")
    if not items:
        return dict(values), {}
    files: dict[str, bytes] = {}
    modes: dict[str, int] = {}
    for item in items:
        if item.get("key") not in values:
            if source.get("optional"):
                continue
            raise ConfigError(f"references non-existent {what} key: {item.get('key')}")
        files[item["path"]] = values[item["key"]]
        if item.get("mode") is not None:
            modes[item["path"]] = int(item["mode"])
    return files, modes


def _config(volume: Object, sources: Sources, directory: Path, default: int) -> None:
    """Write one configMap, secret, downwardAPI or serviceAccountToken source into `directory`."""
    if source := volume.get("configMap"):
        values = sources.config_map(source.get("name", ""), optional=bool(source.get("optional"))) or {}
        _write_files(
            directory, *_projected_keys(values, source, "config"), int(source.get("defaultMode") or default)
        )
    elif source := volume.get("secret"):
        name = source.get("secretName") or source.get("name") or ""
        values = sources.secret(name, optional=bool(source.get("optional"))) or {}
        _write_files(
            directory, *_projected_keys(values, source, "secret"), int(source.get("defaultMode") or default)
        )
    elif source := volume.get("downwardAPI"):
        files = {
            item["path"]: sources.field((item.get("fieldRef") or {}).get("fieldPath", "")).encode()
            for item in source.get("items") or []
        }
        _write_files(directory, files, {}, default)
    elif "serviceAccountToken" in volume:
        raise ConfigError("a serviceAccountToken volume needs a cluster: a local run has no service accounts")


def make_volume(volume: Object, directory: Path, sources: Sources, claims: Path) -> tuple[Path, bool]:
    """Make one volume: (its host directory, it is read-only). Raises ConfigError for what has no meaning here."""
    name = volume.get("name", "")
    kinds = [key for key, value in volume.items() if key != "name" and value is not None]
    kind = kinds[0] if kinds else "emptyDir"
    if kind in ("emptyDir", "ephemeral"):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o1777)
        return directory, False
    if kind == "persistentVolumeClaim":
        claim = claims / sources.namespace / _safe(volume[kind].get("claimName", ""), "claimName")
        claim.mkdir(parents=True, exist_ok=True)
        return claim, bool(volume[kind].get("readOnly"))
    if kind in ("configMap", "secret", "downwardAPI"):
        directory.mkdir(parents=True, exist_ok=True)
        _config(volume, sources, directory, 0o644)
        return directory, True
    if kind == "projected":
        directory.mkdir(parents=True, exist_ok=True)
        for source in volume[kind].get("sources") or []:
            _config(source, sources, directory, int(volume[kind].get("defaultMode") or 0o644))
        return directory, True
    if kind == "hostPath":
        raise ConfigError(
            f'volume "{name}": hostPath {volume[kind].get("path")!r} is refused: a local pod gets no directory of this machine; '
            "use emptyDir or a persistentVolumeClaim"
        )
    raise ConfigError(f'volume "{name}": {kind} volumes cannot be mounted on this machine')


def container_mounts(
    container: Object, volumes: Mapping[str, tuple[Path, bool]], env: Mapping[str, str]
) -> tuple[Mount, ...]:
    """The bind mounts of one container; a subPath that is not there becomes a directory, as a kubelet does it."""
    mounts: list[Mount] = []
    for entry in container.get("volumeMounts") or []:
        name = entry.get("name", "")
        if name not in volumes:
            raise ConfigError(f'volume "{name}" of container "{container.get("name")}" not found')
        source, read_only = volumes[name]
        sub = entry.get("subPath") or expand(entry.get("subPathExpr") or "", env)
        if sub:
            # Resolved by parts: a link that an earlier container left in the volume must not lead to the host.
            from executor.runtimes.rootfs import resolve

            inside = resolve("/" + _safe(sub, "subPath"), source)
            if inside is None:
                raise ConfigError(f'volume "{name}": subPath {sub!r} cannot be resolved')
            source = inside
        if not os.path.lexists(source):
            source.mkdir(parents=True)
        target = os.path.normpath("/" + str(entry.get("mountPath", "")).lstrip("/"))
        mounts.append(Mount(source, target, read_only or bool(entry.get("readOnly"))))
    return tuple(mounts)


def below(path: str, target: str) -> bool:
    """Whether a container path is a mount's target or lies below it."""
    path = "/" + path.strip("/")
    return target == "/" or path == target or path.startswith(target + "/")
