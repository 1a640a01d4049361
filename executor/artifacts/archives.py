"""Packing and unpacking artifacts as argoexec does it (upstream: workflow/executor, tar and zip strategies)."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from executor.artifacts.base import ArtifactError

GZIP_MAGIC = b"\x1f\x8b"


def pack_tar(source: Path, target: Path, name: str, *, level: int | None = None) -> None:
    """Write `source` (a file or a directory) as a tar named `name` inside; gzip unless `level` is 0."""
    if level == 0:
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(source, arcname=name, filter=_owned_by_root)
        return
    strength = 6 if level is None or level < 0 else level
    with (
        open(target, "wb") as raw,
        gzip.GzipFile("", "wb", strength, raw, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        archive.add(source, arcname=name, filter=_owned_by_root)


def _owned_by_root(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
        return None  # sockets, pipes and devices cannot be loaded again
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def pack_zip(source: Path, target: Path, name: str) -> None:
    """Write `source` as a zip; a directory's entries lie below `name/`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        if not source.is_dir():
            archive.write(source, name)
            return
        for folder, folders, files in os.walk(source):
            folders.sort()
            inside = PurePosixPath(name, *Path(folder).relative_to(source).parts)
            archive.writestr(f"{inside}/", b"")
            for entry in sorted(files):
                path = Path(folder) / entry
                if path.is_file() and not path.is_symlink():
                    archive.write(path, str(inside / entry))


def _refuse_escape(name: str, what: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ArtifactError(f"refused to unpack: {what} {name!r} leads outside the artifact")


def _check_link(member: tarfile.TarInfo) -> None:
    """A link must stay inside the archive's own tree (an absolute symbolic link is read inside the container)."""
    if member.issym() and not member.linkname.startswith("/"):
        joined = os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname))
        if joined.startswith(".."):
            raise ArtifactError(
                f"refused to unpack: link {member.name!r} -> {member.linkname!r} leads outside the artifact"
            )
    if member.islnk():
        _refuse_escape(member.linkname, "hard link target")


def _parents_are_real(directory: Path, name: str) -> bool:
    """Whether no parent of `name` is a symbolic link made by an earlier entry."""
    here = directory
    for part in PurePosixPath(name).parts[:-1]:
        here = here / part
        if here.is_symlink():
            return False
    return True


def unpack_tar(source: Path, directory: Path) -> None:
    """Unpack a tar (gzip or plain) into `directory`. Raises ArtifactError; path traversal is refused."""
    try:
        with tarfile.open(source, "r:*") as archive:
            for member in archive:
                _refuse_escape(member.name, "entry")
                _check_link(member)
                if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
                    continue
                if not _parents_are_real(directory, member.name):
                    raise ArtifactError(
                        f"refused to unpack: entry {member.name!r} goes through a symbolic link"
                    )
                _extract(archive, member, directory)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ArtifactError(f"cannot unpack a tar archive: {error}") from error


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    """Write one entry, owned by us and readable by us. (`extract(filter=...)` is missing before Python 3.11.4.)"""
    target = directory / member.name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        target.chmod((member.mode & 0o777) | stat.S_IRWXU)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if member.issym():
        target.symlink_to(member.linkname)
        return
    if member.islnk():
        linked = directory / member.linkname
        if linked.is_symlink() or not _parents_are_real(directory, member.linkname):
            raise ArtifactError(f"refused to unpack: hard link {member.name!r} goes through a symbolic link")
        os.link(linked, target)
        return
    content = archive.extractfile(member)
    assert content is not None  # it is a regular file
    with content, open(target, "wb") as out:
        shutil.copyfileobj(content, out)
    target.chmod((member.mode & 0o777) | stat.S_IRUSR | stat.S_IWUSR)
    os.utime(target, (member.mtime, member.mtime))


def unpack_zip(source: Path, directory: Path) -> None:
    """Unpack a zip into `directory`. Raises ArtifactError; path traversal is refused."""
    try:
        with zipfile.ZipFile(source) as archive:
            for info in archive.infolist():
                _refuse_escape(info.filename, "entry")
                target = directory / info.filename
                if info.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as stream, open(target, "wb") as out:
                    shutil.copyfileobj(stream, out)
                mode = (info.external_attr >> 16) & 0o777
                if mode:
                    target.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise ArtifactError(f"cannot unpack a zip archive: {error}") from error


def is_tar_gz(path: Path) -> bool:
    """Whether a file is a gzip whose content is a tar."""
    try:
        with open(path, "rb") as stream:
            if stream.read(2) != GZIP_MAGIC:
                return False
        with tarfile.open(path, "r:gz"):
            return True
    except (tarfile.TarError, OSError, EOFError):
        return False


def unpack(source: Path, target: Path, archive: Mapping[str, Any] | None, scratch: Path) -> None:
    """Put the downloaded `source` at `target` as the artifact's `archive` field says.

    none: as it is; zip and tar: unpacked; unset: unpacked when it is a tar.gz, else as it is. An archive with one top
    entry becomes `target` itself, otherwise the unpacked directory does. Raises ArtifactError.
    """
    archive = archive or {}
    if archive.get("none") is not None or source.is_dir():
        move(source, target)
        return
    if archive.get("zip") is not None:
        unpacker = unpack_zip
    elif archive.get("tar") is not None or is_tar_gz(source):
        unpacker = unpack_tar
    else:
        move(source, target)
        return
    scratch.mkdir(parents=True, exist_ok=True)
    unpacker(source, scratch)
    source.unlink()
    entries = list(scratch.iterdir())
    if len(entries) == 1:
        move(entries[0], target)
        scratch.rmdir()
    else:
        move(scratch, target)


def move(source: Path, target: Path) -> None:
    """Move a file or directory, replacing what is there."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif target.exists() or target.is_symlink():
        target.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(source, target)
