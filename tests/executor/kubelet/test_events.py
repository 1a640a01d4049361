"""The Events of pods, and the image rules of a project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from argolint.kube import KubeClient, resource_for
from executor.artifacts.disk import DiskStore
from executor.cluster import kubelet_events
from executor.cluster.kubelet import Kubelet, ca_of
from executor.cluster.testing import running_cluster
from executor.commands.kubelet import configured_images
from executor.runtimes.images import image_map
from executor.runtimes.probe import choose

POD, EVENT = resource_for("Pod"), resource_for("Event")
Obj = dict[str, Any]


def pod(name: str, image: str) -> Obj:
    container = {"name": "main", "image": image, "command": ["sh", "-c", "echo $FROM"]}
    meta = {"name": name, "namespace": "default"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }


def config(folder: Path) -> Path:
    path = folder / ".argolint.yaml"
    path.write_text('local: {images: {"example.com/own:*": {like: alpine, env: {FROM: project}}}}\n')
    return path


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeClient]:
    folder = tmp_path_factory.mktemp("events")
    with running_cluster(folder) as cluster:
        client = KubeClient.from_kubeconfig(cluster.kubeconfig)
        images = image_map(configured_images(str(config(folder))))
        kubelet = Kubelet(
            client,
            folder,
            choose("auto").runtime,
            DiskStore(folder / "artifacts"),
            ca=ca_of(client),
            images=images,
        )
        kubelet.start()
        yield client
        kubelet.stop()


def told(client: KubeClient, name: str, count: int) -> list[tuple[str, str, str]]:
    end = time.monotonic() + 20
    while True:
        events = [e for e in client.list(EVENT, "default").items if e["involvedObject"]["name"] == name]
        if len(events) >= count:
            uid = client.get(POD, name, "default")["metadata"]["uid"]
            assert {e["involvedObject"]["uid"] for e in events} == {uid}
            return sorted((e["type"], e["reason"], e["message"]) for e in events)
        assert time.monotonic() < end, events
        time.sleep(0.05)


@pytest.mark.sandbox
def test_a_pod_that_runs(client: KubeClient) -> None:
    client.create(POD, pod("runs", "example.com/own:v1"), "default")
    assert told(client, "runs", 3) == [
        ("Normal", "Pulled", 'image "example.com/own:v1" mapped to host toolchain: host sh and coreutils'),
        ("Normal", "Scheduled", "Successfully assigned default/runs to argorun"),
        ("Normal", "Started", "Started container main"),
    ]
    # "Started" may come before the container has printed: follow to its end.
    assert list(client.stream_log("runs", "default", container="main", follow=True)) == [b"project"]


@pytest.mark.sandbox
def test_an_image_that_nothing_stands_for(client: KubeClient) -> None:
    client.create(POD, pod("unknown", "example.com/other:v1"), "default")
    events = told(client, "unknown", 4)
    assert [(kind, reason) for kind, reason, _ in events] == [
        ("Normal", "BackOff"),
        ("Normal", "Scheduled"),
        ("Warning", "Failed"),
        ("Warning", "Failed"),
    ]
    assert events[0][2] == 'Back-off pulling image "example.com/other:v1"'
    assert events[3][2].startswith('Failed to pull image "example.com/other:v1": no rule maps image')


def test_nothing_is_said_twice_and_nothing_of_argoexec() -> None:
    argo = {"name": "wait", "image": "argoexec", "command": ["argoexec", "wait"]}
    made = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main", "image": "x"}, argo]}}
    running = {"state": {"running": {"startedAt": "t"}}}
    status = {"containerStatuses": [{"name": "main", **running}, {"name": "wait", **running}]}
    seen: kubelet_events.Told = set()
    assert [e.reason for e in kubelet_events.changes(made, status, seen, None)] == ["Pulled", "Started"]
    assert list(kubelet_events.changes(made, status, seen, None)) == []
    again = {"containerStatuses": [{"name": "main", "restartCount": 1, **running}]}
    assert [e.reason for e in kubelet_events.changes(made, again, seen, None)] == ["Started"]


def test_a_configuration_that_is_not_there_is_a_plain_error(tmp_path: Path) -> None:
    assert configured_images(None) == {}
    with pytest.raises(UserError, match="no such file"):
        configured_images(str(tmp_path / "none.yaml"))
