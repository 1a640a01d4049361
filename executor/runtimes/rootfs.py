"""A container's root as seen from the host: which host path lies behind a path of the container.

Symbolic links are followed by us, inside the root, so that a link which a container made to some host path is
read as the container would read it and never leads out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from executor.runtimes.base import Mount

_MAX_LINKS = 40


def _under(path: str, target: str) -> bool:
    return target == "/" or path == target or path.startswith(target.rstrip("/") + "/")


def _host(path: str, root: Path, mounts: Sequence[Mount]) -> Path:
    """The host path of a container path whose components are not links; the longest mount wins."""
    best = max((m for m in mounts if _under(path, m.target)), key=lambda m: len(m.target), default=None)
    if best is None:
        return root / path.lstrip("/")
    rest = path[len(best.target.rstrip("/")) :].lstrip("/")
    return best.source / rest if rest else best.source


def resolve(path: str, root: Path, mounts: Sequence[Mount] = (), *, follow_last: bool = True) -> Path | None:
    """The host path behind the container's absolute `path`, links resolved inside the container.

    None when links go round in circles. The result need not exist. ".." never leaves the root.
    """
    pending = [part for part in path.split("/") if part not in ("", ".")][::-1]
    done: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            if done:
                done.pop()
            continue
        here = "/" + "/".join([*done, part])
        host = _host(here, root, mounts)
        if (follow_last or pending) and host.is_symlink():
            links += 1
            if links > _MAX_LINKS:
                return None
            target = os.readlink(host)
            if target.startswith("/"):
                done = []
            pending.extend([p for p in target.split("/") if p not in ("", ".")][::-1])
            continue
        done.append(part)
    return _host("/" + "/".join(done), root, mounts)
