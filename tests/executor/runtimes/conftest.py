"""Pods that really run, in sandboxes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from executor.artifacts.disk import DiskStore
from executor.runtimes.base import ContainerRuntime
from executor.runtimes.podrunner import PodHandle, PodRunner
from executor.runtimes.probe import probe_sandbox

Object = dict[str, Any]


class Ran:
    """A pod that was run, with everything it reported."""

    def __init__(self) -> None:
        self.statuses: list[Object] = []
        self.results: list[Object] = []
        self.handle: PodHandle

    @property
    def final(self) -> Object:
        return self.statuses[-1]

    @property
    def outputs(self) -> Object:
        found: Object = self.results[-1].get("outputs") or {}
        return found

    def log(self, container: str = "main") -> str:
        return b"".join(self.handle.logs(container)).decode("utf-8", "replace")

    def ended(self, container: str = "main") -> Object:
        both = [*self.final["containerStatuses"], *self.final.get("initContainerStatuses", [])]
        state: Object = next(s for s in both if s["name"] == container)["state"]
        return state


@pytest.fixture(scope="session")
def sandbox() -> ContainerRuntime:
    from executor.runtimes.sandbox import SandboxRuntime

    bwrap, overlay, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
    return SandboxRuntime(bwrap, overlay=overlay)


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


def objects(kind: str, data: dict[tuple[str, str], dict[str, str]]) -> Callable[[str, str], Object | None]:
    """A lookup over (namespace, name) -> values."""

    def lookup(namespace: str, name: str) -> Object | None:
        values = data.get((namespace, name))
        if values is None:
            return None
        if kind == "Secret":
            values = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "data": values}

    return lookup


@pytest.fixture
def run_pod(sandbox: ContainerRuntime, store: DiskStore, tmp_path: Path) -> Callable[..., Ran]:
    """run_pod(pod, wait=True, secrets={}, config_maps={}, **runner options) -> Ran"""
    ran: list[Ran] = []

    def run(
        pod: Object,
        *,
        wait: bool = True,
        secrets: dict[tuple[str, str], dict[str, str]] | None = None,
        config_maps: dict[tuple[str, str], dict[str, str]] | None = None,
        runtime: ContainerRuntime | None = None,
        **options: Any,
    ) -> Ran:
        runner = PodRunner(
            runtime or sandbox,
            store,
            tmp_path / "pods",
            lookup_secret=objects("Secret", secrets or {}),
            lookup_config_map=objects("ConfigMap", config_maps or {}),
            **options,
        )
        result = Ran()
        ran.append(result)
        result.handle = runner.start(pod, result.statuses.append, result.results.append)
        if wait:
            assert result.handle.wait(30) is not None, "the pod did not end"
        return result

    yield run  # type: ignore[misc]
    for item in ran:
        item.handle.kill()
        item.handle.wait(10)


def shell(script: str, **spec: Any) -> Object:
    """A plain pod with one container that runs a script."""
    container = {
        "name": "main",
        "image": "alpine",
        "command": ["sh", "-c", script],
        **spec.pop("container", {}),
    }
    return {
        "metadata": {"name": spec.pop("name", "pod"), "namespace": "ns"},
        "spec": {"restartPolicy": "Never", "containers": [container], **spec},
    }


def argo(
    template: Object, *, name: str = "wf-main-1", command: list[str] | None = None, **main: Any
) -> Object:
    """A pod as the engine makes it: init, wait, main under the emissary, argoexec's volumes."""
    import json

    user = template.get("container") or template.get("script") or {}
    words = list(command or user.get("command") or [])
    args = list(user.get("args") or [])
    if template.get("script"):
        args.append("/argo/staging/script")
    outputs = template.get("outputs") or {}
    env = [
        {"name": "ARGO_CONTAINER_NAME", "value": "main"},
        {"name": "ARGO_NODE_ID", "value": "wf-1"},
        {"name": "ARGO_INCLUDE_SCRIPT_OUTPUT", "value": "true" if main.pop("result", False) else "false"},
    ]
    inputs = (template.get("inputs") or {}).get("artifacts") or []
    mounts = [
        {"name": "var-run-argo", "mountPath": "/var/run/argo"},
        {"name": "argo-staging", "mountPath": "/argo/staging"},
        *({"name": "input-artifacts", "mountPath": a["path"], "subPath": a["name"]} for a in inputs),
        *(user.get("volumeMounts") or []),
    ]
    volumes = [{"name": n, "emptyDir": {}} for n in ("var-run-argo", "argo-staging", "input-artifacts")]
    assert isinstance(outputs, dict)
    container = {
        "name": "main",
        "image": user.get("image", "alpine"),
        "command": ["/var/run/argo/argoexec", "emissary", "--loglevel", "info", "--", *words],
        "args": args,
        "env": [*env, *(user.get("env") or [])],
        "volumeMounts": mounts,
        **main,
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "ns",
            "labels": {"workflows.argoproj.io/workflow": "wf", "workflows.argoproj.io/completed": "false"},
            "annotations": {"workflows.argoproj.io/node-id": "wf-1", "workflows.argoproj.io/node-name": "wf"},
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "Workflow",
                    "name": "wf",
                    "uid": "u-1",
                    "controller": True,
                }
            ],
        },
        "spec": {
            "restartPolicy": "Never",
            "volumes": [*volumes, *(template.get("volumes") or [])],
            "initContainers": [
                {
                    "name": "init",
                    "image": "argoexec",
                    "command": ["argoexec", "init"],
                    "env": [{"name": "ARGO_TEMPLATE", "value": json.dumps(template)}],
                }
            ],
            "containers": [
                {"name": "wait", "image": "argoexec", "command": ["argoexec", "wait"], "env": env},
                container,
                *(template.get("sidecars") or []),
            ],
        },
    }
