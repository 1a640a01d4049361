"""`kubectl exec` and `kubectl cp` into a container that runs in a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argolint.kube import KubeClient, resource_for
from executor.cluster.testing import running_cluster
from executor.runtimes.probe import probe_sandbox
from tests.contract.conftest import client_of

pytestmark = pytest.mark.sandbox

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "sleepy", "namespace": "default"},
    "spec": {
        "restartPolicy": "Never",
        "containers": [
            {
                "name": "main",
                "image": "alpine:3.20",
                "command": ["sleep", "120"],
                "env": [{"name": "WHO", "value": "pod"}],
            }
        ],
    },
}


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster with a kubelet and a pod that sleeps."""
    if shutil.which("nsenter") is None:
        pytest.skip("nsenter (util-linux) is not installed")
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    data = tmp_path_factory.mktemp("exec")
    with running_cluster(data) as cluster:
        words = [
            sys.executable,
            "-m",
            "executor",
            "kubelet",
            "--data",
            str(data),
            "--kubeconfig",
            str(cluster.kubeconfig),
        ]
        kubelet = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            client = KubeClient.from_kubeconfig(cluster.kubeconfig)
            pods = resource_for("Pod")
            client.create(pods, POD, "default")
            deadline = time.monotonic() + 30
            while (client.get(pods, "sleepy", "default").get("status") or {}).get("phase") != "Running":
                assert kubelet.poll() is None, kubelet.communicate()[0]
                assert time.monotonic() < deadline, "the pod did not run within 30 s"
                time.sleep(0.1)
            yield cluster.kubeconfig
        finally:
            kubelet.terminate()
            kubelet.wait(20)


def kubectl(kubeconfig: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    binary = (
        shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        or "kubectl"
    )
    argv = [binary, f"--kubeconfig={kubeconfig}", f"--cache-dir={kubeconfig.parent / 'kube-cache'}", *words]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=30)


def test_streams_environment_and_exit_code(kubeconfig: Path) -> None:
    done = kubectl(kubeconfig, "exec", "sleepy", "--", "sh", "-c", "echo out $WHO; echo err >&2; exit 3")
    assert (done.stdout, done.returncode) == ("out pod\n", 3)
    assert done.stderr.startswith("err\n")


def test_standard_input_reaches_the_command_and_ends(kubeconfig: Path) -> None:
    text = "line\n" * 50_000
    done = kubectl(kubeconfig, "exec", "-i", "sleepy", "--", "cat", stdin=text)
    assert (done.stdout == text, done.returncode) == (True, 0)


def test_the_command_sees_the_containers_files_and_processes(kubeconfig: Path) -> None:
    assert kubectl(kubeconfig, "exec", "sleepy", "--", "sh", "-c", "echo x > /work.txt").returncode == 0
    assert kubectl(kubeconfig, "exec", "sleepy", "--", "cat", "/work.txt").stdout == "x\n"
    command = kubectl(kubeconfig, "exec", "sleepy", "--", "cat", "/proc/2/cmdline").stdout
    assert command.split("\0") == ["sleep", "120", ""]
    assert not Path("/work.txt").exists()


def test_files_are_copied_in_and_out(kubeconfig: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("payload\n")
    assert kubectl(kubeconfig, "cp", str(tmp_path / "in"), "default/sleepy:/tmp/x").returncode == 0
    assert kubectl(kubeconfig, "cp", "default/sleepy:/tmp/x", str(tmp_path / "out")).returncode == 0
    assert (tmp_path / "out").read_text() == "payload\n"


def test_what_cannot_be_run_is_said(kubeconfig: Path) -> None:
    missing = kubectl(kubeconfig, "exec", "sleepy", "--", "no-such-program")
    assert missing.returncode == 127
    assert "no-such-program" in missing.stderr
    nobody = kubectl(kubeconfig, "exec", "nobody", "--", "true")
    assert nobody.stderr == 'Error from server (NotFound): pods "nobody" not found\n'
    container = kubectl(kubeconfig, "exec", "sleepy", "-c", "other", "--", "true")
    assert "other" in container.stderr
    assert container.returncode == 1


def test_exec_needs_its_permission(kubeconfig: Path) -> None:
    client = KubeClient.from_kubeconfig(kubeconfig)
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "reader", "namespace": "default"},
    }
    client.create(resource_for("ServiceAccount"), account, "default")
    token = kubectl(kubeconfig, "create", "token", "reader").stdout.strip()
    config = json.loads(kubectl(kubeconfig, "config", "view", "--raw", "-o", "json").stdout)
    config["users"][0]["user"] = {"token": token}
    other = kubeconfig.parent / "reader-kubeconfig"
    other.write_text(json.dumps(config))
    done = kubectl(other, "exec", "sleepy", "--", "true")
    assert done.returncode == 1
    assert "orbidden" in done.stderr


def test_to_read_pods_is_not_to_enter_them(kubeconfig: Path) -> None:
    client = KubeClient.from_kubeconfig(kubeconfig)
    rules = [{"apiGroups": [""], "resources": ["pods", "pods/exec", "pods/portforward"], "verbs": ["get"]}]
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "looks"},
        "rules": rules,
    }
    client.create(resource_for("Role"), role, "default")
    kubectl(kubeconfig, "create", "rolebinding", "looks", "--role=looks", "--user=looker")
    with client_of(kubeconfig) as http:
        for subresource in ("exec?command=id", "attach", "portforward"):
            for upgrade in ("SPDY/3.1", "websocket"):
                headers = {
                    "impersonate-user": "looker",
                    "connection": "Upgrade",
                    "upgrade": upgrade,
                    "x-stream-protocol-version": "v4.channel.k8s.io",
                    "sec-websocket-protocol": "v4.channel.k8s.io",
                    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
                    "sec-websocket-version": "13",
                }
                path = f"/api/v1/namespaces/default/pods/sleepy/{subresource}"
                found = http.get(path, headers=headers)
                assert (found.status_code, "cannot create resource" in found.text) == (403, True), path
        plain = http.get("/api/v1/namespaces/default/pods/sleepy/exec?command=id")
        assert (plain.status_code, plain.json()["message"]) == (400, "Upgrade request required")
