"""An API server in a process of its own, shared by the tests of this folder, and kubectl to talk to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from executor.cluster.testing import RunningCluster, running_cluster

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster") / "data") as running:
        yield running


def kubectls() -> list[str]:
    """Every kubectl on this machine: that of the environment, and that of the system if there is one."""
    beside = Path(sys.executable).parent / "kubectl"
    found = [str(beside)] if beside.exists() else []
    elsewhere = shutil.which("kubectl", path="/usr/local/bin:/usr/bin")
    return [*found, elsewhere] if elsewhere else found


def runner(binary: str, kubeconfig: Path, cache: Path) -> Kubectl:
    def run(
        *arguments: str, stdin: str = "", ok: bool = True, timeout: float = 30
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [binary, "--kubeconfig", str(kubeconfig), "--cache-dir", str(cache), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "KUBECTL_KUBERC": "false"},
        )
        assert not ok or done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}{done.stdout}"
        return done

    return run


@pytest.fixture(
    scope="module", params=kubectls() or [None], ids=lambda path: str(path).replace("/", "_").strip("_")
)
def kubectl(
    request: pytest.FixtureRequest, cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory
) -> Kubectl:
    if request.param is None:
        pytest.skip("there is no kubectl on this machine")
    return runner(request.param, cluster.kubeconfig, tmp_path_factory.mktemp("cache"))
