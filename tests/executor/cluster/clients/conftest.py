"""A whole cluster (API, controllers, kubelet) that real clients talk to; or the one that CLIENTS_KUBECONFIG names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "argolint" / "clients"

ALL = bool(os.environ.get("CLIENTS_ALL"))
"""Whether to run what takes longer than the ordinary run may: `make clients` does."""


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An administrator's kubeconfig of a cluster that runs pods."""
    named = os.environ.get("CLIENTS_KUBECONFIG")
    if named:
        yield Path(named)
        return
    data = tmp_path_factory.mktemp("up") / "cluster"
    argorun = [sys.executable, "-m", "executor"]
    done = subprocess.run(
        [*argorun, "up", "--data", str(data), "--detach"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    try:
        yield data / "kubeconfig"
    finally:
        subprocess.run([*argorun, "down", "--data", str(data)], capture_output=True, timeout=60)


def older_kubectls() -> list[Path]:
    """The kubectls of `python -m tools.clients`, if it has been run."""
    return sorted(CACHE.glob("kubectl-*")) if ALL else []
