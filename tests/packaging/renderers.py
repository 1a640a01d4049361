"""kustomize and Helm for tests: named by the environment, on PATH, or built from their Go modules into a cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MODULES = {
    "kustomize": "sigs.k8s.io/kustomize/kustomize/v5@v5.6.0",
    "helm": "helm.sh/helm/v3/cmd/helm@v3.16.4",
}
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "go-tools"


def renderer(name: str) -> str:
    """The path of the program. Skips the test when it is not to be had.

    Building Helm takes minutes, so it is only done with ARGOLINT_BUILD_TOOLS=1: `make render-tools`.
    """
    found = os.environ.get(name.upper()) or shutil.which(name)
    if found:
        return found
    binary = CACHE / name
    if not binary.is_file() and os.environ.get("ARGOLINT_BUILD_TOOLS"):
        build(name)
    if not binary.is_file():
        pytest.skip(f"no {name}: put it on PATH, or build it with `make render-tools` (needs Go)")
    return str(binary)


def build(name: str) -> None:
    """Build the program with Go."""
    go = shutil.which("go")
    if go is None:
        pytest.skip(f"no {name} and no go to build it")
    CACHE.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "GOBIN": str(CACHE), "CGO_ENABLED": "0"}
    done = subprocess.run(
        [go, "install", MODULES[name]], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"{name} cannot be built: {done.stderr[-300:]}")
