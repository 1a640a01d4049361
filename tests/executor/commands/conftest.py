"""One embedded cluster, started as a user starts it, for all tests of the commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

pytest.importorskip("uvicorn")

from argolint.clikit import guarded
from argolint.kube import KubeClient, resource_for
from executor.cli import main

REPO = Path(__file__).resolve().parents[3]


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a running cluster."""
    data = tmp_path_factory.mktemp("commands") / "cluster"
    command = [sys.executable, "-m", "executor"]
    subprocess.run([*command, "up", "--data", str(data), "--detach"], check=True, cwd=REPO, timeout=90)
    yield data / "kubeconfig"
    subprocess.run([*command, "down", "--data", str(data)], check=True, cwd=REPO, timeout=90)


@pytest.fixture
def namespace(kubeconfig: Path, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = "t-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-50:].strip("-")
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    KubeClient.from_kubeconfig(kubeconfig).create(resource_for("Namespace"), manifest)
    return name


@pytest.fixture
def argorun(
    kubeconfig: Path, namespace: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run a command line in the test's namespace."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    def run(*words: str) -> Done:
        capsys.readouterr()
        try:
            code = guarded("argorun", main, [*words, "-n", namespace])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run
