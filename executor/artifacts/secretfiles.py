"""Secrets for libraries that read them from files: held in memory where the system can, so that no crash leaves one behind."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path


@cache
def secret_file(text: str) -> str:
    """The path of a file with this content, for this process alone and as long as it lives."""
    data = text.encode("utf-8", "surrogateescape")
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        descriptor = os.memfd_create("argorun-secret")
        path = f"/proc/self/fd/{descriptor}"
    else:
        import atexit

        descriptor, path = tempfile.mkstemp(prefix="argorun-secret-")
        atexit.register(lambda: Path(path).unlink(missing_ok=True))
    with os.fdopen(descriptor, "wb", closefd=not path.startswith("/proc/")) as stream:
        stream.write(data)
    return path
