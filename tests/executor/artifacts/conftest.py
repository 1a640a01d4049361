"""Servers of the artifact tests and what all of their tests need."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor.artifacts.base import ArtifactError
from executor.artifacts.remote import RemoteStore

# Azurite's account has a key that everyone knows; the other servers are started with ours.
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SECRETS = {
    "id": "user",
    "key": "hunter22",
    "wrong": "hunter23",
    "azure": AZURITE_KEY,
    "azure-wrong": "d3Jvbmc=",
}


def secret(reference: dict) -> str:
    try:
        return SECRETS[reference["key"]]
    except KeyError:
        raise ArtifactError(f"secret {reference['name']!r} has no key {reference['key']!r}") from None


def ref(key: str) -> dict:
    return {"name": "s", "key": key}


@pytest.fixture
def store(tmp_path: Path) -> RemoteStore:
    return RemoteStore(tmp_path / "disk", secret)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listens(port: int, seconds: float = 30) -> bool:
    """Whether something listens on a port of this machine within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


@contextmanager
def running(words: list[str], port: int, cwd: Path | None = None) -> Iterator[None]:
    """A server process that listens on `port`."""
    process = subprocess.Popen(
        words, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert listens(port), f"{words[0]} did not start"
        yield
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:  # SeaweedFS says goodbye to its cluster for half a minute
            process.kill()
            process.wait(20)
