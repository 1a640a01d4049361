"""The kubelet against a real API server: pods, logs, deletion, capacity, and what survives a crash."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.kube import KubeClient, resource_for

pytest.importorskip("uvicorn")

from executor.artifacts.disk import DiskStore
from executor.cluster import kubelet_pod
from executor.cluster.kubelet import Kubelet, ca_of
from executor.cluster.kubelet_journal import Journal
from executor.cluster.podlogs import pod_folder
from executor.cluster.testing import running_cluster
from executor.controller.actions import TERMINATE_ANNOTATION
from executor.runtimes.probe import choose

pytestmark = pytest.mark.sandbox
POD = resource_for("Pod")
RESULT = resource_for("WorkflowTaskResult")
ENDED = ("Succeeded", "Failed")
Obj = dict[str, Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KubeClient, Path]]:
    folder = tmp_path_factory.mktemp("kubelet")
    with running_cluster(folder) as cluster:
        yield KubeClient.from_kubeconfig(cluster.kubeconfig), folder


@pytest.fixture
def start(api: tuple[KubeClient, Path]) -> Iterator[Callable[..., Kubelet]]:
    client, data = api
    running: list[Kubelet] = []

    def begin(**keywords: Any) -> Kubelet:
        kubelet = Kubelet(
            client, data, choose("auto").runtime, DiskStore(data / "artifacts"), ca=ca_of(client), **keywords
        )
        kubelet.start()
        running.append(kubelet)
        return kubelet

    yield begin
    for kubelet in running:
        kubelet.stop()
    for pod in client.list(POD, "default").items:
        client.delete(POD, pod["metadata"]["name"], "default", grace_seconds=0)


def pod(name: str, script: str, **spec: Any) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "alpine", "command": ["sh", "-c", script]}],
            **spec,
        },
    }


def until(true: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def ended(client: KubeClient, name: str) -> Obj:
    def look() -> Obj | None:
        found = client.get(POD, name, "default")
        return found if found["status"].get("phase") in ENDED else None

    return until(look)


def lines(client: KubeClient, name: str) -> list[bytes]:
    return list(client.stream_log(name, "default", container="main"))


def test_a_pod_runs_and_its_log_is_complete_when_it_has_ended(api: Any, start: Any) -> None:
    client, data = api
    start()
    client.create(POD, pod("talk", "for i in 1 2 3; do echo $i; done; printf end; exit 7"), "default")
    found = ended(client, "talk")
    assert found["spec"]["nodeName"] == "argorun"
    status = found["status"]
    assert (status["phase"], status["containerStatuses"][0]["state"]["terminated"]["exitCode"]) == (
        "Failed",
        7,
    )
    assert lines(client, "talk") == [b"1", b"2", b"3", b"end"]
    folder = pod_folder(data, "default", "talk", found["metadata"]["uid"])
    assert folder.is_dir()
    client.delete(POD, "talk", "default")
    until(lambda: client.try_get(POD, "talk", "default") is None and not folder.exists())
    node = client.get(resource_for("Node"), "argorun")
    assert [c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"] == ["True"]


def test_a_pod_reaches_the_api_as_its_service_account(api: Any, start: Any) -> None:
    client, _ = api
    start()
    folder = kubelet_pod.TOKEN_PATH
    client.create(
        POD,
        pod(
            "account",
            f"cat {folder}/namespace; echo; cat {folder}/token; echo; env | grep KUBERNETES_SERVICE_HOST",
        ),
        "default",
    )
    ended(client, "account")
    namespace, token, host = lines(client, "account")
    assert (namespace, host) == (b"default", b"KUBERNETES_SERVICE_HOST=127.0.0.1")
    claims = token.split(b".")[1]
    subject = json.loads(base64.urlsafe_b64decode(claims + b"=="))["sub"]
    assert subject == "system:serviceaccount:default:default"
    client.create(
        POD, pod("plain", f"ls {folder} || echo none", automountServiceAccountToken=False), "default"
    )
    ended(client, "plain")
    assert lines(client, "plain")[-1] == b"none"


def test_deletion_sends_sigterm_and_waits_for_the_grace_period(api: Any, start: Any) -> None:
    client, data = api
    start()
    mark = {"name": "m", "persistentVolumeClaim": {"claimName": "marks"}}
    manifest = pod(
        "polite",
        "trap 'echo bye > /m/bye; exit 0' TERM; echo up; while :; do sleep 0.05; done",
        volumes=[mark],
    )
    manifest["spec"]["containers"][0]["volumeMounts"] = [{"name": "m", "mountPath": "/m"}]
    client.create(POD, manifest, "default")
    until(lambda: client.get(POD, "polite", "default")["status"].get("phase") == "Running")
    until(lambda: lines(client, "polite") == [b"up"])
    client.delete(POD, "polite", "default", grace_seconds=10)
    until(lambda: client.try_get(POD, "polite", "default") is None)
    assert (data / "claims" / "default" / "marks" / "bye").read_text() == "bye\n"


def test_termination_by_annotation_keeps_the_pod(api: Any, start: Any) -> None:
    client, _ = api
    start()
    client.create(POD, pod("ended", "trap 'exit 3' TERM; while :; do sleep 0.05; done"), "default")
    until(lambda: client.get(POD, "ended", "default")["status"].get("phase") == "Running")
    time.sleep(0.2)
    client.patch(POD, "ended", {"metadata": {"annotations": {TERMINATE_ANNOTATION: "now"}}}, "default")
    found = ended(client, "ended")
    assert found["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_capacity_is_kept(api: Any, start: Any) -> None:
    client, data = api
    start(max_pods=1)
    mark = {"name": "m", "persistentVolumeClaim": {"claimName": "capacity"}}
    for number in range(3):
        manifest = pod(f"turn-{number}", "echo in >> /m/log; sleep 0.1; echo out >> /m/log", volumes=[mark])
        manifest["spec"]["containers"][0]["volumeMounts"] = [{"name": "m", "mountPath": "/m"}]
        client.create(POD, manifest, "default")
    for number in range(3):
        assert ended(client, f"turn-{number}")["status"]["phase"] == "Succeeded"
    log = (data / "claims" / "default" / "capacity" / "log").read_text().split()
    assert log == ["in", "out"] * 3


# --- crashes ---


def bound(client: KubeClient, name: str, script: str) -> Obj:
    """A pod that a kubelet had taken before it was killed."""
    client.create(POD, pod(name, script), "default")
    client.patch(POD, name, {"spec": {"nodeName": "argorun"}}, "default")
    return client.patch(POD, name, {"status": {"phase": "Running"}}, "default", subresource="status")


def test_a_recorded_outcome_is_reported_and_the_pod_is_not_run_again(api: Any, start: Any) -> None:
    client, data = api
    taken = bound(client, "recorded", "echo again > /m/again")
    status = {
        "phase": "Succeeded",
        "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 0}}}],
    }
    result = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTaskResult",
        "metadata": {
            "name": "node-recorded",
            "namespace": "default",
            "labels": {"workflows.argoproj.io/report-outputs-completed": "true"},
        },
        "outputs": {"result": "42"},
    }
    Journal(data / "kubelet" / "outcomes").put(taken["metadata"]["uid"], result, status)
    start()
    found = ended(client, "recorded")
    assert found["status"]["phase"] == "Succeeded"
    assert client.get(RESULT, "node-recorded", "default")["outputs"] == {"result": "42"}
    assert not pod_folder(data, "default", "recorded", taken["metadata"]["uid"]).exists()


def test_a_pod_without_an_outcome_is_started_again_from_scratch(api: Any, start: Any) -> None:
    client, _ = api
    bound(client, "unfinished", "echo again")
    start()
    assert ended(client, "unfinished")["status"]["phase"] == "Succeeded"
    assert lines(client, "unfinished") == [b"again"]


def test_a_pod_whose_result_is_known_but_whose_record_is_lost_is_not_run_again(api: Any, start: Any) -> None:
    client, _ = api
    manifest = pod("lost", "echo again")
    manifest["metadata"]["annotations"] = {"workflows.argoproj.io/node-id": "node-lost"}
    client.create(POD, manifest, "default")
    client.patch(POD, "lost", {"spec": {"nodeName": "argorun"}}, "default")
    client.create(
        RESULT,
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTaskResult",
            "metadata": {
                "name": "node-lost",
                "namespace": "default",
                "labels": {"workflows.argoproj.io/report-outputs-completed": "true"},
            },
        },
        "default",
    )
    start()
    status = ended(client, "lost")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Lost")


def test_outcomes_of_pods_that_are_gone_are_forgotten(api: Any, start: Any) -> None:
    _, data = api
    Journal(data / "kubelet" / "outcomes").put("no-such-uid", None, {"phase": "Succeeded"})
    start()
    assert "no-such-uid" not in Journal(data / "kubelet" / "outcomes").uids()


# --- pure parts ---


def test_a_journal_survives_and_ignores_half_a_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.put("u1", {"metadata": {"name": "n"}}, {"phase": "Succeeded"})
    (tmp_path / ".u2.part").write_text('{"stat')
    (tmp_path / "u3.json").write_text('{"stat')
    again = Journal(tmp_path)
    assert again.uids() == ["u1"]
    assert again.get("u1") == {"taskResult": {"metadata": {"name": "n"}}, "status": {"phase": "Succeeded"}}
    again.drop("u1")
    assert Journal(tmp_path).uids() == []


def test_the_address_of_the_api_and_the_token_are_added() -> None:
    manifest = pod("a", "true")
    manifest["metadata"]["uid"] = "u"
    source = {"serviceAccountToken": {"path": "t", "audience": "x"}}
    manifest["spec"]["volumes"] = [{"name": "v", "projected": {"sources": [source]}}]
    manifest["spec"]["containers"][0]["env"] = [{"name": "KUBERNETES_SERVICE_HOST", "value": "mine"}]
    out = kubelet_pod.with_api_access(manifest, "https://127.0.0.1:4711", token=True)
    container = out["spec"]["containers"][0]
    assert container["env"] == [
        {"name": "KUBERNETES_SERVICE_PORT", "value": "4711"},
        {"name": "KUBERNETES_SERVICE_HOST", "value": "mine"},
    ]
    assert container["volumeMounts"] == [
        {"name": "kube-api-access", "mountPath": kubelet_pod.TOKEN_PATH, "readOnly": True}
    ]
    assert out["spec"]["volumes"] == [
        {
            "name": "v",
            "projected": {
                "sources": [
                    {"secret": {"name": "kube-api-access/u", "items": [{"key": "token", "path": "t"}]}}
                ]
            },
        },
        {"name": "kube-api-access", "secret": {"secretName": "kube-api-access/u"}},
    ]
    assert manifest["spec"]["volumes"][0]["projected"]["sources"] == [source]


def test_a_status_patch_takes_away_what_is_no_longer_said() -> None:
    patch = kubelet_pod.status_patch({"phase": "Running", "podIP": "1.2.3.4"})
    assert patch["status"]["message"] is None
    assert patch["status"]["podIP"] == "1.2.3.4"
