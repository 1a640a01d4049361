"""A cluster for the whole session: a real API server process; controller and kubelet as threads of the test."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from argolint.kube import KubeClient, resource_for

pytest.importorskip("uvicorn")

from executor.artifacts.disk import DiskStore
from executor.cluster.kubelet import Kubelet, ca_of
from executor.cluster.kubelet_resources import resource_clients
from executor.cluster.testing import running_cluster
from executor.controller.controller import Controller
from executor.controller.settings import Options
from executor.cron.controller import CronController
from executor.runtimes.probe import choose

Obj = dict[str, Any]
WORKFLOW = resource_for("Workflow")
ENDED = ("Succeeded", "Failed", "Error")


class Cluster(NamedTuple):
    """What a test needs of the cluster."""

    client: KubeClient
    data: Path
    kubeconfig: Path
    namespace: str

    def create(self, text: str) -> Obj:
        """Create every object of a YAML text; the last one as stored."""
        stored: Obj = {}
        for obj in yaml.safe_load_all(text):
            stored = self.client.create(self.client.resource_of(obj), obj, self.namespace)
        return stored

    def get(self, name: str) -> Obj:
        """A Workflow."""
        return self.client.get(WORKFLOW, name, self.namespace)

    def until(self, name: str, true: Callable[[Obj], bool], seconds: float = 30.0) -> Obj:
        """A Workflow once `true` holds of it."""
        end = time.monotonic() + seconds
        while True:
            found = self.get(name)
            if true(found):
                return found
            assert time.monotonic() < end, yaml.safe_dump(found.get("status"))
            time.sleep(0.03)

    def run(self, text: str) -> Obj:
        """Create and wait for the end; the Workflow then."""
        name = self.create(text)["metadata"]["name"]
        return self.until(name, lambda wf: (wf.get("status") or {}).get("phase") in ENDED)


def phases(wf: Obj) -> dict[str, str]:
    """Display name -> phase of every node but step groups."""
    nodes = (wf["status"].get("nodes") or {}).values()
    return {n["displayName"]: n["phase"] for n in nodes if n["type"] != "StepGroup"}


_CONTROLLERS: list[Controller] = []


@pytest.fixture
def controller(machinery: Any) -> Controller:
    """The controller of the session's cluster."""
    return _CONTROLLERS[-1]


@pytest.fixture(scope="session")
def machinery() -> Iterator[tuple[KubeClient, Path, Path]]:
    """API server, controllers and kubelet."""
    folder = Path(tempfile.mkdtemp(prefix="argolint-e2e-"))
    with running_cluster(folder) as cluster:
        client = KubeClient.from_kubeconfig(cluster.kubeconfig)
        kubelet = Kubelet(
            client,
            folder,
            choose("auto").runtime,
            DiskStore(folder / "artifacts"),
            ca=ca_of(client),
            make_resource_client=resource_clients(client),
        )
        controller = Controller(client, Options(local_images=True))
        cron = CronController(client)
        kubelet.start()
        controller.start()
        cron.start()
        _CONTROLLERS.append(controller)
        yield client, folder, cluster.kubeconfig
        cron.stop()
        controller.stop()
        kubelet.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(machinery: tuple[KubeClient, Path, Path], request: pytest.FixtureRequest) -> Cluster:
    """The cluster, with a namespace of the test's own."""
    client, data, kubeconfig = machinery
    namespace = "t-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-50:].strip("-")
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    client.create(resource_for("Namespace"), manifest)
    return Cluster(client, data, kubeconfig, namespace)
