"""client-go against the cluster: what a workflow controller written in Go does. Runs where `make clients` has built the program."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import pytest

from argolint.kube import KubeClient, resource_for
from tests.executor.cluster.clients.conftest import ALL, CACHE

PROGRAM = CACHE / "goclient"
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(not ALL or not PROGRAM.is_file(), reason="run by `make clients`"),
]
SHELL = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "shell"},
    "spec": {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {"name": "main", "image": "busybox", "command": ["sh", "-c", "echo started; exec sleep 120"]}
        ],
    },
}


def checks(kubeconfig: Path, *words: str, **variables: str) -> dict[str, str]:
    """What each check said: nothing when it is content."""
    namespace = f"go{uuid.uuid4().hex[:10]}"
    client = KubeClient.from_kubeconfig(kubeconfig)
    client.create(
        resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )
    pod = resource_for("Pod")
    if words:
        client.create(pod, SHELL, namespace)
        deadline = time.monotonic() + 30
        while (client.get(pod, "shell", namespace).get("status") or {}).get("phase") != "Running":
            assert time.monotonic() < deadline, "the pod did not run within 30 s"
            time.sleep(0.1)
    done = subprocess.run(
        [str(PROGRAM), str(kubeconfig), namespace, *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    client.delete(resource_for("Namespace"), namespace)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found, done.stderr
    return {item["check"]: "" if item["ok"] else item["detail"] for item in found}


def test_a_controller_and_its_pods(kubeconfig: Path) -> None:
    words = [] if os.environ.get("CLIENTS_KUBECONFIG") else ["shell"]  # a bare kube-apiserver runs no pods
    said = checks(kubeconfig, *words)
    assert {name: text for name, text in said.items() if text} == {}
    assert len(said) == (68 if words else 44)


def test_informers_that_begin_with_a_stream(kubeconfig: Path) -> None:
    """`WatchListClient`: no list, but a watch with `sendInitialEvents`."""
    said = checks(kubeconfig, KUBE_FEATURE_WatchListClient="true", ONLY="informers:")
    assert {name: text for name, text in said.items() if text} == {}
    assert len(said) == 5
