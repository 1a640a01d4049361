"""Of several controllers on one cluster one acts, and the next takes over soon after it has gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient, resource_for
from executor.cluster.testing import running_cluster
from executor.controller import leader
from executor.controller.leader import LEASE, Elector

POD, WORKFLOW = resource_for("Pod"), resource_for("Workflow")
Obj = dict[str, Any]


def workflow(name: str) -> Obj:
    container = {"image": "alpine", "command": ["true"]}
    steps = [[{"name": f"s{i}", "template": "one"} for i in range(3)]]
    spec = {
        "entrypoint": "main",
        "templates": [{"name": "main", "steps": steps}, {"name": "one", "container": container}],
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": spec,
    }


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KubeClient, Path]]:
    with running_cluster(tmp_path_factory.mktemp("leader")) as cluster:
        yield KubeClient.from_kubeconfig(cluster.kubeconfig), cluster.kubeconfig


def until(true: Any, seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.03)
    return found


def holder(client: KubeClient) -> str:
    found = client.try_get(LEASE, "workflow-controller", "argo")
    return str(((found or {}).get("spec") or {}).get("holderIdentity") or "")


def pods_of(client: KubeClient, name: str) -> list[Obj]:
    return client.list(POD, "default", label_selector=f"workflows.argoproj.io/workflow={name}").items


@pytest.fixture
def launch(api: tuple[KubeClient, Path], tmp_path: Path) -> Iterator[Any]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> subprocess.Popen[bytes]:
        log = tmp_path / f"{len(started)}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "executor", "controller", "--kubeconfig", str(api[1]), *arguments],
                stdout=output, stderr=subprocess.STDOUT, cwd=Path(__file__).parents[3],
            )  # fmt: skip
        started.append(process)
        process.log = log  # type: ignore[attr-defined]
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()


def leads(client: KubeClient, process: subprocess.Popen[bytes]) -> bool:
    return f"_{process.pid}_" in holder(client)


def test_two_controllers_create_each_pod_once_and_the_second_takes_over(api: Any, launch: Any) -> None:
    client, _ = api
    created: list[str] = []
    version = client.list(POD, "default").resource_version

    def watch() -> None:
        for kind, pod in client.watch(POD, "default", resource_version=version, timeout_seconds=60):
            if kind == "ADDED":
                created.append(pod["metadata"]["name"])

    threading.Thread(target=watch, daemon=True).start()
    first = launch()
    until(lambda: leads(client, first))
    second = launch()
    until(lambda: b"standing by" in second.log.read_bytes())
    client.create(WORKFLOW, workflow("one"), "default")
    until(lambda: len(pods_of(client, "one")) == 3)
    first.kill()
    client.create(WORKFLOW, workflow("two"), "default")
    until(lambda: leads(client, second), 15.0)
    until(lambda: len(pods_of(client, "two")) == 3)
    assert second.poll() is None
    until(lambda: len(created) == 6)
    assert len(set(created)) == 6
    second.send_signal(signal.SIGTERM)
    assert second.wait(15) == 0
    assert holder(client) == ""


def test_a_leader_that_sleeps_is_replaced_and_does_nothing_when_it_wakes(api: Any, launch: Any) -> None:
    client, _ = api
    first = launch("--lease-duration", "3")
    until(lambda: leads(client, first))
    second = launch("--lease-duration", "3")
    until(lambda: b"standing by" in second.log.read_bytes())
    first.send_signal(signal.SIGSTOP)
    until(lambda: leads(client, second), 15.0)
    first.send_signal(signal.SIGCONT)
    assert first.wait(30) == 1
    assert b"is lost" in first.log.read_bytes()
    assert leads(client, second)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def elector(client: KubeClient, name: str, identity: str, clock: Clock) -> Elector:
    return Elector(client, "argo", name, identity=identity, clock=clock)


def test_a_lease_is_taken_only_after_its_whole_duration_without_a_change(api: Any) -> None:
    client, clock = api[0], Clock()
    one, two = elector(client, "slow", "host-1", clock), elector(client, "slow", "host-2", clock)
    assert (one.attempt(), two.attempt()) == (True, False)
    clock.now += 9.9
    assert not two.attempt()
    assert one.attempt()
    clock.now += 9.9
    assert not two.attempt()  # it was renewed in between
    clock.now += 9.9
    assert not two.attempt()
    clock.now += 0.2
    assert two.attempt()
    assert not one.attempt()
    lease = client.get(LEASE, "slow", "argo")
    assert (lease["spec"]["holderIdentity"], lease["spec"]["leaseTransitions"]) == ("host-2", 1)


def test_a_fenced_client_stops_writing_before_anybody_else_may_begin(api: Any) -> None:
    client, clock = api[0], Clock()
    one = elector(client, "fence", "host-1", clock)
    fenced = one.fenced(client)
    with pytest.raises(ApiError, match="not the leader"):
        fenced.create(WORKFLOW, workflow("never"), "default")
    assert one.attempt()
    fenced.create(WORKFLOW, workflow("fenced"), "default")
    clock.now += 6.7
    with pytest.raises(ApiError, match="not the leader"):
        fenced.delete(WORKFLOW, "fenced", "default")
    assert fenced.get(WORKFLOW, "fenced", "default")["metadata"]["name"] == "fenced"
    assert client.try_get(WORKFLOW, "never", "default") is None


def test_a_process_of_this_machine_that_has_ended_is_not_waited_for(api: Any) -> None:
    client, clock = api[0], Clock()
    mine = leader.own_identity()
    assert not leader.has_ended(mine)
    assert not leader.has_ended("other-host_4711")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    place, started = mine.rsplit("_", 3)[1], leader._started(child.pid)
    identity = f"host_{place}_{child.pid}_{started}"
    assert elector(client, "dead", identity, clock).attempt()
    heir = elector(client, "dead", "host-2", clock)
    assert not heir.attempt()
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: leader.has_ended(identity))  # a zombie until it is waited for
    assert heir.attempt()
    child.wait()


def test_names_and_refusals(api: Any) -> None:
    assert leader.lease_name() == "workflow-controller"
    assert leader.lease_name("blue", "team-a") == "workflow-controller-blue-team-a"
    assert leader.lease_name("Not_a_name").startswith("workflow-controller-")
    with pytest.raises(UserError, match="cannot be written"):
        Elector(api[0], "no-such-namespace", "x").acquire(threading.Event())
