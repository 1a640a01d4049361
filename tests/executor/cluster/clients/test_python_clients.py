"""The Kubernetes libraries that Python programs use, each with its own packages against the cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from argolint.kube import KubeClient, resource_for

pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.filterwarnings(
        "ignore::DeprecationWarning", "ignore::urllib3.exceptions.InsecureRequestWarning"
    ),
]
RUNS_PODS = not os.environ.get("CLIENTS_KUBECONFIG")
needs_pods = pytest.mark.skipif(not RUNS_PODS, reason="a bare kube-apiserver runs no pods")
WORKFLOW: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {
        "generateName": "py-",
        "labels": {"from": "python", "workflows.argoproj.io/controller-instanceid": "nobody"},
    },
    "spec": {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "busybox"}}]},
}
SHELL: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "shell", "labels": {"app": "shell"}},
    "spec": {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [
            {"name": "main", "image": "busybox", "command": ["sh", "-c", "echo started; exec sleep 120"]}
        ],
    },
}


def until(what: str, holds: Callable[[], Any], seconds: float = 20) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def namespace(kubeconfig: Path) -> Iterator[str]:
    name = f"py{uuid.uuid4().hex[:10]}"
    client = KubeClient.from_kubeconfig(kubeconfig)
    client.create(
        resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    yield name
    client.delete(resource_for("Namespace"), name)


@pytest.fixture(scope="module")
def shell(kubeconfig: Path, namespace: str) -> str:
    """A running pod that has printed its line: a pod is Running before its first output."""
    client = KubeClient.from_kubeconfig(kubeconfig)
    client.create(resource_for("Pod"), SHELL, namespace)

    def running() -> bool:
        found = client.get(resource_for("Pod"), "shell", namespace)
        return bool((found.get("status") or {}).get("phase") == "Running")

    until("the pod runs", running)
    until("the pod has printed", lambda: b"".join(client.stream_log("shell", namespace)))
    return "shell"


# ---- the official client


@pytest.fixture(scope="module")
def official(kubeconfig: Path) -> Any:
    from kubernetes import config

    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return config.new_client_from_config(config_file=str(kubeconfig))


def test_official_dynamic_client(official: Any, namespace: str) -> None:
    from kubernetes.dynamic import DynamicClient
    from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, UnprocessibleEntityError

    dynamic = DynamicClient(official)
    workflows = dynamic.resources.get(api_version="argoproj.io/v1alpha1", kind="Workflow")
    made = workflows.create(body=WORKFLOW, namespace=namespace)
    name = made.metadata.name
    assert workflows.get(name=name, namespace=namespace).spec.entrypoint == "main"
    listed = workflows.get(namespace=namespace, label_selector="from=python")
    assert [item.metadata.name for item in listed.items] == [name]
    merged = workflows.patch(
        name=name,
        namespace=namespace,
        body={"spec": {"suspend": True}},
        content_type="application/merge-patch+json",
    )
    assert merged.spec.suspend is True
    stale = {**made.to_dict(), "spec": {"entrypoint": "other"}}
    with pytest.raises(ConflictError):
        workflows.replace(body=stale, namespace=namespace)
    applied = {key: WORKFLOW[key] for key in ("apiVersion", "kind")}
    applied |= {"metadata": {"name": name, "labels": {"applied": "yes"}}}
    result = workflows.server_side_apply(body=applied, name=name, namespace=namespace, field_manager="tester")
    assert (result.metadata.labels["applied"], result.spec.entrypoint) == ("yes", "main")
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    with pytest.raises(UnprocessibleEntityError):
        maps.create(
            body={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Wrong Name"}},
            namespace=namespace,
        )
    workflows.delete(name=name, namespace=namespace)
    with pytest.raises(NotFoundError):
        workflows.get(name=name, namespace=namespace)


def test_official_watch_goes_on_where_it_was(official: Any, namespace: str) -> None:
    from kubernetes import client, watch

    core = client.CoreV1Api(official)
    start = core.list_namespaced_config_map(namespace).metadata.resource_version
    for name in ("one", "two"):
        body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"w": "1"}))
        core.create_namespaced_config_map(namespace, body)
    seen = []
    watcher = watch.Watch()
    options = {
        "namespace": namespace,
        "label_selector": "w=1",
        "resource_version": start,
        "timeout_seconds": 5,
    }
    for event in watcher.stream(core.list_namespaced_config_map, **options):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 1:
            core.patch_namespaced_config_map("one", namespace, {"data": {"k": "v"}})
        if len(seen) == 3:
            watcher.stop()
    assert seen == [("ADDED", "one"), ("ADDED", "two"), ("MODIFIED", "one")]


def test_official_create_from_yaml(official: Any, namespace: str, tmp_path: Path) -> None:
    from kubernetes import utils

    documents = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "from-yaml"}, "data": {"k": "v"}},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": "from-yaml"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
        },
    ]
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    made = utils.create_from_yaml(official, str(path), namespace=namespace)
    assert [item.kind for group in made for item in group] == ["ConfigMap", "Role"]
    with pytest.raises(utils.FailToCreateError) as refused:
        utils.create_from_yaml(official, str(path), namespace=namespace)
    assert [error.status for error in refused.value.api_exceptions] == [409, 409]


def test_official_leader_election(kubeconfig: Path, namespace: str) -> None:
    """Two processes want to lead; when the first is killed the second takes over."""
    program = textwrap.dedent("""
        import sys, threading
        from kubernetes import config
        from kubernetes.leaderelection import electionconfig, leaderelection
        from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

        path, namespace, identity = sys.argv[1:]
        config.load_kube_config(config_file=path)

        def lead():
            print("leads", flush=True)
            threading.Event().wait()

        lock = LeaseLock("py-leader", namespace, identity)
        leaderelection.LeaderElection(electionconfig.Config(lock, lease_duration=3, renew_deadline=2, retry_period=1,
            onstarted_leading=lead, onstopped_leading=lambda: None)).run()
    """)
    try:
        from kubernetes.leaderelection.resourcelock import leaselock  # noqa: F401
    except ImportError:
        program = program.replace(
            "leaselock import LeaseLock", "configmaplock import ConfigMapLock as LeaseLock"
        )

    def start(identity: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-W", "ignore", "-c", program, str(kubeconfig), namespace, identity]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    one = start("one")
    assert one.stdout is not None
    assert one.stdout.readline() == "leads\n"
    two = start("two")
    assert two.stdout is not None
    try:
        one.kill()
        one.wait()
        assert two.stdout.readline() == "leads\n"
    finally:
        two.kill()
        two.wait()


@needs_pods
def test_official_exec_logs_and_port_forward(official: Any, namespace: str, shell: str) -> None:
    from kubernetes import client
    from kubernetes.stream import portforward, stream

    core = client.CoreV1Api(official)
    said = stream(
        core.connect_get_namespaced_pod_exec, shell, namespace, command=["sh", "-c", "echo in; echo err >&2"],
        stderr=True, stdout=True, stdin=False, tty=False, _preload_content=False,
    )  # fmt: skip
    said.run_forever(timeout=10)
    assert (said.read_stdout(), said.read_stderr(), said.returncode) == ("in\n", "err\n", 0)
    until("the log is there", lambda: core.read_namespaced_pod_log(shell, namespace) == "started\n")
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"you said " + connection.recv(100))

        thread = threading.Thread(target=answer)
        thread.start()
        forwarded = portforward(
            core.connect_get_namespaced_pod_portforward, shell, namespace, ports=str(port)
        )
        connection = forwarded.socket(port)
        connection.setblocking(True)
        connection.sendall(b"hello")
        assert connection.recv(100) == b"you said hello"
        connection.close()
        thread.join(10)
        assert forwarded.error(port) is None


# ---- lightkube


def test_lightkube(kubeconfig: Path, namespace: str) -> None:
    lightkube = pytest.importorskip("lightkube")
    from lightkube.core.exceptions import ApiError
    from lightkube.generic_resource import create_namespaced_resource
    from lightkube.models.meta_v1 import ObjectMeta
    from lightkube.resources.core_v1 import ConfigMap
    from lightkube.types import PatchType

    config = lightkube.KubeConfig.from_file(str(kubeconfig))
    client = lightkube.Client(config=config, namespace=namespace, field_manager="lightkube")
    made = client.create(ConfigMap(metadata=ObjectMeta(name="light", labels={"l": "1"}), data={"k": "v"}))
    assert made.metadata.uid
    client.patch(ConfigMap, "light", {"data": {"more": "1"}}, patch_type=PatchType.MERGE)
    client.apply(ConfigMap(metadata=ObjectMeta(name="light"), data={"applied": "yes"}))
    assert client.get(ConfigMap, "light").data == {"k": "v", "more": "1", "applied": "yes"}
    assert [item.metadata.name for item in client.list(ConfigMap, labels={"l": "1"}, chunk_size=1)] == [
        "light"
    ]
    Workflow = create_namespaced_resource("argoproj.io", "v1alpha1", "Workflow", "workflows")
    found = client.create(
        Workflow.from_dict({**WORKFLOW, "metadata": {**WORKFLOW["metadata"], "labels": {"from": "light"}}})
    )
    for kind, obj in client.watch(Workflow, labels={"from": "light"}, server_timeout=5):
        assert (kind, obj.metadata.name) == ("ADDED", found.metadata.name)
        break
    client.delete(Workflow, found.metadata.name)
    client.delete(ConfigMap, "light")
    with pytest.raises(ApiError) as gone:
        client.get(ConfigMap, "light")
    assert gone.value.status.reason == "NotFound"


# ---- kr8s


def test_kr8s(kubeconfig: Path, namespace: str) -> None:
    kr8s = pytest.importorskip("kr8s")
    from kr8s.objects import ConfigMap, new_class

    api = kr8s.api(kubeconfig=str(kubeconfig), namespace=namespace)
    made = ConfigMap({"metadata": {"name": "kr8s", "namespace": namespace}, "data": {"k": "v"}}, api=api)
    made.create()
    assert made.exists()
    made.label({"kr": "8s"})
    made.patch({"data": {"more": "1"}})
    made.refresh()
    assert dict(made.data) == {"k": "v", "more": "1"}
    found = list(kr8s.get("configmaps", namespace=namespace, label_selector={"kr": "8s"}, api=api))
    assert [item.name for item in found] == ["kr8s"]
    Workflow = new_class(kind="Workflow", version="argoproj.io/v1alpha1", namespaced=True)
    workflow = Workflow(
        {**WORKFLOW, "metadata": {**WORKFLOW["metadata"], "name": "kr8s", "namespace": namespace}}, api=api
    )
    workflow.create()
    workflow.patch(
        {"status": {"phase": "Succeeded", "conditions": [{"type": "Completed", "status": "True"}]}}
    )
    workflow.wait("condition=Completed", timeout=10)
    assert any(item.name == "kr8s" for item in api.get("workflows.argoproj.io", namespace=namespace))
    workflow.delete()
    workflow.wait("delete", timeout=10)
    made.delete()
    assert "argoproj.io/v1alpha1" in list(api.api_versions())


@needs_pods
def test_kr8s_in_a_pod(kubeconfig: Path, namespace: str, shell: str) -> None:
    kr8s = pytest.importorskip("kr8s")
    from kr8s.objects import Pod

    pod = Pod.get(shell, namespace=namespace, api=kr8s.api(kubeconfig=str(kubeconfig), namespace=namespace))
    assert pod.ready()
    assert list(pod.logs()) == ["started"]
    done = pod.exec(["sh", "-c", "echo in"])
    assert (done.stdout, done.returncode) == (b"in\n", 0)


# ---- kopf

OPERATOR = """
import kopf

@kopf.on.startup()
def settings(settings, **_):
    settings.posting.enabled = True
    settings.persistence.finalizer = "python.example.com/kopf"

@kopf.on.create("argoproj.io", "v1alpha1", "workflows")
def made(name, body, patch, **_):
    kopf.info(body, reason="Made", message=f"made {name}")
    patch.metadata.annotations["operator"] = "seen"
    return {"message": "made"}

@kopf.on.update("argoproj.io", "v1alpha1", "workflows", field="spec.entrypoint")
def changed(old, new, patch, **_):
    patch.metadata.annotations["change"] = f"{old} to {new}"

@kopf.on.delete("argoproj.io", "v1alpha1", "workflows")
def gone(name, **_):
    open("GONE", "w").write(name)
"""


def test_a_kopf_operator(kubeconfig: Path, namespace: str, tmp_path: Path) -> None:
    pytest.importorskip("kopf")
    (tmp_path / "operator.py").write_text(OPERATOR.replace("GONE", str(tmp_path / "gone")))
    log = (tmp_path / "log").open("wb")
    words = [
        sys.executable,
        "-m",
        "kopf",
        "run",
        "--standalone",
        "-n",
        namespace,
        str(tmp_path / "operator.py"),
    ]
    operator = subprocess.Popen(
        words, env={**os.environ, "KUBECONFIG": str(kubeconfig)}, stdout=log, stderr=log
    )
    client = KubeClient.from_kubeconfig(kubeconfig)
    kind = resource_for("Workflow")
    try:
        body = {**WORKFLOW, "metadata": {**WORKFLOW["metadata"], "name": "watched"}}
        client.create(kind, body, namespace)

        def annotation(name: str) -> Any:
            return (client.get(kind, "watched", namespace)["metadata"].get("annotations") or {}).get(name)

        until("the operator has seen it", lambda: annotation("operator") == "seen", 40)
        found = client.get(kind, "watched", namespace)
        assert found["metadata"]["finalizers"] == ["python.example.com/kopf"]
        assert found["status"] == {"made": {"message": "made"}}
        client.patch(kind, "watched", {"spec": {"entrypoint": "other"}}, namespace)
        until("the operator has seen the change", lambda: annotation("change") == "main to other")
        events = until(
            "the operator has written Events",
            lambda: [
                item
                for item in client.list(resource_for("Event"), namespace).items
                if item["reason"] == "Made"
            ],
        )
        assert events[0]["message"] == "made watched"
        client.delete(kind, "watched", namespace)
        until("the finalizer is off", lambda: client.try_get(kind, "watched", namespace) is None)
        assert (tmp_path / "gone").read_text() == "watched"
    finally:
        operator.terminate()
        operator.wait(20)
        log.close()


# ---- Hera


@needs_pods
def test_hera_submits_waits_and_reads(kubeconfig: Path, namespace: str) -> None:
    pytest.importorskip("hera")
    from hera.workflows import (
        Container,
        CronWorkflow,
        Parameter,
        Steps,
        Workflow,
        WorkflowsService,
        WorkflowTemplate,
    )
    from hera.workflows.models import (
        CronWorkflowResumeRequest,
        CronWorkflowSuspendRequest,
        WorkflowTemplateRef,
    )

    content = json.loads(kubeconfig.read_text())
    service = WorkflowsService(
        host=content["clusters"][0]["cluster"]["server"],
        verify_ssl=False,
        token=content["users"][0]["user"]["token"],
        namespace=namespace,
    )
    common = {"entrypoint": "main", "namespace": namespace, "workflows_service": service}

    def greet() -> None:
        Container(
            name="greet",
            image="busybox",
            inputs=[Parameter(name="who")],
            command=["sh", "-c"],
            args=["echo hello {{inputs.parameters.who}}"],
        )

    with Workflow(generate_name="hera-", **common) as workflow:
        greet()
        with Steps(name="main") as steps:
            workflow.templates[0](arguments={"who": "hera"})  # type: ignore[index]
    assert steps.name == "main"
    workflow.create(wait=True, poll_interval=1)
    done = service.get_workflow(workflow.name, namespace=namespace)
    assert done.status.phase == "Succeeded"
    node = next(item for item in done.status.nodes.values() if item.type == "Pod")
    # Hera reads one line of a log and looks for it beside `result`, where argo-server puts it: this says no more than
    # that the request is understood.
    service.workflow_logs(workflow.name, namespace=namespace, container="main")
    assert node.display_name == "greet"
    with WorkflowTemplate(name="template", **common) as template:
        Container(name="main", image="busybox", command=["true"])
    template.create()
    assert service.get_workflow_template("template", namespace=namespace).spec.entrypoint == "main"
    by_reference = Workflow(
        generate_name="ref-",
        namespace=namespace,
        workflows_service=service,
        workflow_template_ref=WorkflowTemplateRef(name="template"),
    )
    assert by_reference.create(wait=True, poll_interval=1).status.phase == "Succeeded"
    with CronWorkflow(name="nightly", schedules=["0 3 * * *"], **common) as cron:
        Container(name="main", image="busybox", command=["true"])
    cron.create()
    held = service.suspend_cron_workflow(
        "nightly", CronWorkflowSuspendRequest(name="nightly"), namespace=namespace
    )
    assert held.spec.suspend is True
    again = service.resume_cron_workflow(
        "nightly", CronWorkflowResumeRequest(name="nightly"), namespace=namespace
    )
    assert again.spec.suspend is not True
    service.delete_cron_workflow("nightly", namespace=namespace)
    service.delete_workflow_template("template", namespace=namespace)
    archived = service.list_archived_workflows(namespace=namespace).items
    assert workflow.name in [item.metadata.name for item in archived]
