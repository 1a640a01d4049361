"""Faults between argosync and a real API server: a fault-injecting proxy, and kill -9 at every step.

A sample runs with the ordinary tests; `make faults` sets ARGOSYNC_FAULTS=full and runs every fault at every request.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.kube import KubeClient, resource_for
from executor.cluster.testing import RunningCluster, start, stop
from reconciler.context import Outcome
from reconciler.model import MANAGED_KINDS
from tests.faults.proxy import FAULTS, Proxy, faulty, kubeconfig
from tests.reconciler.world import World, caller, cron, template

FULL = os.environ.get("ARGOSYNC_FAULTS") == "full"
ROUNDS = 4
SAMPLE = ("503", "reset-after", "truncated", "garbage")
_COUNTER = itertools.count()

BEFORE = {"old.yaml": template("old"), "cron/oldcron.yaml": cron("oldcron", "old")}
AFTER = {
    "old.yaml": None,
    "cron/oldcron.yaml": None,
    "templates/hello.yaml": template(word="ciao"),
    "new.yaml": caller("new", "hello"),
    "cron/nightly.yaml": cron(template="new"),
}
GOAL = ["CronWorkflow/nightly", "WorkflowTemplate/hello", "WorkflowTemplate/new"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    cluster = start(tmp_path_factory.mktemp("cluster") / "data")
    yield cluster
    stop(cluster.process)


@pytest.fixture(scope="module")
def proxy(server: RunningCluster) -> Iterator[Proxy]:
    with faulty(server.kubeconfig) as found:
        yield found


class Scene:
    """A world in a namespace of its own, that reaches the server through the proxy."""

    def __init__(self, root: Path, server: RunningCluster, proxy: Proxy) -> None:
        self.direct = KubeClient.from_kubeconfig(server.kubeconfig)
        self.namespace = f"faults-{os.getpid()}-{next(_COUNTER)}"
        meta = {"name": self.namespace}
        self.direct.create(
            resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
        )
        self.config = kubeconfig(server.kubeconfig, proxy.url, root / "kubeconfig")
        self.proxy = proxy
        proxy.reset()
        self.world = World(root / "world", client=self.client())
        self.world.set(name=self.namespace, namespace=self.namespace)

    def client(self) -> KubeClient:
        """A client that gives up after two seconds, so that a hanging server is a timeout."""
        client = KubeClient.from_kubeconfig(self.config)
        client.request = functools.partial(client.request, timeout=2.0)  # type: ignore[method-assign]
        return client

    def live(self) -> dict[str, dict[str, Any]]:
        """Everything of the managed kinds in the namespace."""
        found = {}
        for kind in MANAGED_KINDS:
            resource = resource_for(kind)
            if resource.namespaced:
                for obj in self.direct.list(resource, self.namespace).items:
                    found[f"{kind}/{obj['metadata']['name']}"] = obj
        return dict(sorted(found.items()))

    def specs(self) -> dict[str, Any]:
        return {name: obj["spec"] for name, obj in self.live().items()}

    def versions(self) -> dict[str, str]:
        return {name: obj["metadata"]["resourceVersion"] for name, obj in self.live().items()}

    def settle(self) -> Outcome:
        """Synchronise until it works: what `argosync run` does."""
        for _ in range(ROUNDS):
            outcome = self.world.sync()
            if outcome.ok:
                break
        return outcome


@pytest.fixture
def scene(tmp_path: Path, server: RunningCluster, proxy: Proxy) -> Scene:
    return Scene(tmp_path, server, proxy)


def change(scene: Scene) -> None:
    """A revision in place, and another one that creates, updates, switches and deletes."""
    scene.world.repo.commit(BEFORE)
    assert scene.world.sync().ok
    scene.world.repo.commit(AFTER)
    scene.proxy.reset()


@pytest.fixture(scope="module")
def total(tmp_path_factory: pytest.TempPathFactory, server: RunningCluster, proxy: Proxy) -> int:
    """How many requests an undisturbed change makes."""
    scene = Scene(tmp_path_factory.mktemp("clean"), server, proxy)
    change(scene)
    assert scene.world.sync().ok
    assert list(scene.live()) == GOAL
    return len(proxy.requests)


@pytest.mark.parametrize("fault", FAULTS if FULL else SAMPLE)
def test_a_fault_in_any_request_of_a_change_is_overcome(
    tmp_path: Path, server: RunningCluster, proxy: Proxy, total: int, fault: str
) -> None:
    # The full matrix: the telling faults at every request, the others at every third. The sample: one request each.
    first = FAULTS.index(fault) * 3 % total + 1
    step = 1 if fault in ("503", "reset-after") else 3
    for number in range(1, total + 1, step) if FULL else (first,):
        root = tmp_path / f"at{number}"
        root.mkdir()
        scene = Scene(root, server, proxy)
        change(scene)
        proxy.fault = lambda n, *_, at=number: fault if n == at else ""
        first_try = scene.world.sync()
        assert proxy.injected in ([(number, fault)], []), number
        assert first_try.ok or first_try.transient, (number, first_try.reason)
        outcome = scene.settle()
        assert outcome.ok, (fault, number, outcome.reason, outcome.message)
        assert list(scene.live()) == GOAL, (fault, number)
        versions = scene.versions()
        proxy.reset()
        assert scene.world.sync().writes == 0, (fault, number)
        assert (proxy.writes(), scene.versions()) == ([], versions), (fault, number)


@pytest.mark.parametrize("fault", ["reset-after", "503", "429"])
def test_each_object_is_written_once_whatever_is_lost(scene: Scene, fault: str) -> None:
    """Every first answer to a write is lost or refused; the server sees no change twice."""
    seen: set[str] = set()

    def first_answer(number: int, method: str, path: str) -> str:
        if method == "PATCH" and "dryRun" not in path and path not in seen:
            seen.add(path)
            return fault
        return ""

    scene.proxy.fault = first_answer
    assert scene.settle().ok
    assert {name: obj["metadata"]["generation"] for name, obj in scene.live().items()} == {
        "CronWorkflow/nightly": 1,
        "WorkflowTemplate/hello": 1,
    }


def test_a_storm_of_conflicts_by_another_writer_is_bounded_and_told(scene: Scene) -> None:
    assert scene.world.sync().ok
    scene.world.repo.commit({"templates/hello.yaml": template(word="ciao"), "other.yaml": template("other")})
    count = itertools.count(1)

    def conflict(number: int, method: str, path: str) -> str:
        if method == "PATCH" and "dryRun" not in path and "/hello?" in path:
            resource = resource_for("WorkflowTemplate")
            patch = {"spec": {"priority": next(count)}}
            scene.direct.patch(resource, "hello", patch, scene.namespace, field_manager="storm")
        return ""

    scene.proxy.reset()
    scene.proxy.fault = conflict
    outcome = scene.world.sync()
    assert (outcome.ok, outcome.reason, outcome.transient) == (False, "ChangedMeanwhile", True)
    assert len([1 for _, path in scene.proxy.writes() if "/hello?" in path]) <= 5
    scene.proxy.reset()
    assert scene.settle().ok
    assert scene.live()["WorkflowTemplate/hello"]["spec"]["templates"][0]["container"]["command"] == [
        "echo",
        "ciao",
    ]


def test_stale_lists_never_delete_or_undo(scene: Scene) -> None:
    """A server that answers every list with what it held at the very first: nothing is lost by it."""
    assert scene.world.sync().ok
    scene.world.repo.commit({"extra.yaml": template("extra")})
    scene.proxy.fault = lambda n, method, path: (
        "stale" if method == "GET" and "limit=" in path and "workflows" in path else ""
    )
    scene.world.sync()
    scene.world.sync()
    assert {"CronWorkflow/nightly", "WorkflowTemplate/hello"} <= set(scene.live())
    scene.proxy.reset()
    assert scene.settle().ok
    assert list(scene.live()) == ["CronWorkflow/nightly", "WorkflowTemplate/extra", "WorkflowTemplate/hello"]


def test_an_api_that_is_down_writes_nothing_and_recovers(scene: Scene) -> None:
    assert scene.world.sync().ok
    scene.world.repo.commit(
        AFTER | {"old.yaml": template("old"), "cron/oldcron.yaml": cron("oldcron", "old")}
    )
    versions = scene.versions()
    scene.proxy.fault = lambda *_: "reset-before"
    outcome = scene.world.sync()
    assert (outcome.ok, outcome.transient) == (False, True)
    assert scene.versions() == versions
    scene.proxy.reset()
    assert scene.settle().ok


def killed(scene: Scene, step: str) -> None:
    """Synchronise in a child that is killed at `step`."""
    child = os.fork()
    if child == 0:
        try:
            scene.world.cluster = scene.client()
            scene.world.sync(lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == step else None)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the step {step} was never reached"


def test_kill_9_at_every_journal_step_against_a_real_server(
    tmp_path: Path, server: RunningCluster, proxy: Proxy
) -> None:
    steps: list[str] = []
    root = tmp_path / "clean"
    root.mkdir()
    clean = Scene(root, server, proxy)
    change(clean)
    assert clean.world.sync(steps.append).ok
    reference = clean.specs()
    assert list(reference) == GOAL
    chosen = steps if FULL else [s for s in steps if s in ("after-write-1", "before-delete-3")]
    assert len(chosen) >= 2
    for number, step in enumerate(chosen):
        folder = tmp_path / f"step{number}"
        folder.mkdir()
        scene = Scene(folder, server, proxy)
        change(scene)
        killed(scene, step)
        scene.world.cluster = scene.client()
        assert scene.settle().ok, step
        assert scene.specs() == reference, step
        versions = scene.versions()
        proxy.reset()
        assert scene.world.sync().writes == 0, step
        assert (proxy.writes(), scene.versions()) == ([], versions), step
        assert not (scene.world.root / "state/targets/prod/journal.jsonl").exists(), step
