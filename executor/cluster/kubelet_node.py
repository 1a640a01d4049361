"""The Node that a kubelet registers."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Any

from executor.cluster import kubelet_usage

VERSION = "v1.34.0+argolint"
"""As the API server's /version has it."""


def node(name: str) -> dict[str, Any]:
    """The Node without its status."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def status(name: str, max_pods: int, runtime: str) -> dict[str, Any]:
    """What the Node offers: the processors and the memory of this machine, and room for `max_pods` pods."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    room = {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{kubelet_usage.memory()['MemTotal'] // 1024}Ki",
        "pods": str(max_pods),
    }
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": f"containers run as {runtime}",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
    system = platform.uname()
    info = {
        "kubeletVersion": VERSION,
        "kubeProxyVersion": "",
        "containerRuntimeVersion": f"{runtime}://",
        "osImage": "",
        "operatingSystem": "linux",
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(system.machine, system.machine),
        "kernelVersion": system.release,
        "bootID": "",
        "machineID": "",
        "systemUUID": "",
    }
    return {
        "nodeInfo": info,
        "capacity": room,
        "allocatable": room,
        "conditions": [ready],
        "addresses": [{"type": "Hostname", "address": name}],
    }
