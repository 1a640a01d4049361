"""`argorun up`, `down`, `status`, `kubeconfig` as a user types them, and what kill -9 does to a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.kube import ApiError, KubeClient, resource_for
from executor.commands import clusterdir

pytest.importorskip("uvicorn")
pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

WORKFLOW = resource_for("Workflow")
REPO = Path(__file__).resolve().parents[3]


def argorun(*words: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "executor", *words],
        capture_output=True,
        text=True,
        timeout=90,
        cwd=keywords.pop("cwd", REPO),
        check=False,
        env={key: value for key, value in os.environ.items() if key != "KUBECONFIG"},
        **keywords,
    )


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "cluster"
    yield folder
    argorun("down", "--data", str(folder))


def pids(folder: Path) -> list[int]:
    state = clusterdir.read_state(folder)
    return [state["pid"], *(entry["pid"] for entry in state["components"].values())]


def alive(pid: int) -> bool:
    return clusterdir.process_start(pid) is not None


def wait_until(true: Any, seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_up_status_kubeconfig_down(data: Path, tmp_path: Path) -> None:
    up = argorun("up", "--data", str(data), "--detach", "-n", "team")
    assert (up.returncode, up.stderr) == (0, "")
    assert f"export KUBECONFIG={data}/kubeconfig" in up.stdout
    assert (data / "kubeconfig").stat().st_mode & 0o777 == 0o600
    status = json.loads(argorun("status", "--data", str(data), "-o", "json").stdout)
    assert {name: c["running"] for name, c in status["components"].items()} == {
        "apiserver": True,
        "controller": True,
        "kubelet": True,
    }
    path = argorun("kubeconfig", "--data", str(data), "--path").stdout.strip()
    client = KubeClient.from_kubeconfig(path)
    assert client.default_namespace == "team"
    again = argorun("up", "--data", str(data), "--detach")
    assert again.returncode == 1
    assert f"{data}: a cluster already runs here (pid {status['pid']})" in again.stderr
    members = pids(data)
    down = argorun("down", "--data", str(data))
    assert (down.returncode, down.stdout) == (0, f"the cluster on {data} has stopped\n")
    assert [pid for pid in members if alive(pid)] == []
    assert argorun("status", "--data", str(data)).returncode == 1
    assert argorun("down", "--data", str(data)).returncode == 0


def test_a_component_that_dies_is_started_again(data: Path) -> None:
    assert argorun("up", "--data", str(data), "--detach").returncode == 0
    before = clusterdir.read_state(data)["components"]["controller"]["pid"]
    os.kill(before, signal.SIGKILL)
    wait_until(
        lambda: (
            clusterdir.read_state(data)["components"]["controller"]["pid"] not in (before, None)
            and (data / "ready" / "controller").read_text() != str(before)
        )
    )
    entry = clusterdir.read_state(data)["components"]["controller"]
    assert (entry["restarts"], entry["lastExit"]) == (1, "signal 9")


def test_a_killed_api_server_comes_back_where_it_was_and_work_goes_on(data: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "five.yaml"
    manifest.write_text(FIVE_STEPS)
    assert argorun("up", "--data", str(data), "--detach").returncode == 0
    client = KubeClient.from_kubeconfig(data / "kubeconfig")
    argorun("submit", str(manifest), "--kubeconfig", str(data / "kubeconfig"))
    wait_until(lambda: (data / "claims" / "default" / "mark" / "log").exists())
    os.kill(clusterdir.read_state(data)["components"]["apiserver"]["pid"], signal.SIGKILL)

    def succeeded() -> bool:
        try:
            return client.get(WORKFLOW, "five", "default")["status"].get("phase") == "Succeeded"
        except ApiError:
            return False  # it is away at the moment

    wait_until(succeeded, 40.0)
    lines = (data / "claims" / "default" / "mark" / "log").read_text().splitlines()
    assert lines == [
        f"{what} {n}" for n in ("one", "two", "three", "four", "five") for what in ("start", "end")
    ]


def test_the_components_die_with_the_supervisor(data: Path) -> None:
    assert argorun("up", "--data", str(data), "--detach").returncode == 0
    members = pids(data)
    os.kill(members[0], signal.SIGKILL)
    wait_until(lambda: not any(alive(pid) for pid in members))


def test_a_taken_port_is_one_clear_message(data: Path, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = argorun("up", "--data", str(data), "--detach", "--port", str(port))
    assert up.returncode == 1
    assert f"apiserver cannot start: port {port} on 127.0.0.1 is in use" in up.stderr
    assert "Traceback" not in up.stderr


FIVE_STEPS = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: five}
spec:
  entrypoint: main
  volumes: [{name: mark, persistentVolumeClaim: {claimName: mark}}]
  templates:
  - name: main
    steps:
    - - {name: one, template: work, arguments: {parameters: [{name: word, value: one}]}}
    - - {name: two, template: work, arguments: {parameters: [{name: word, value: two}]}}
    - - {name: three, template: work, arguments: {parameters: [{name: word, value: three}]}}
    - - {name: four, template: work, arguments: {parameters: [{name: word, value: four}]}}
    - - {name: five, template: work, arguments: {parameters: [{name: word, value: five}]}}
  - name: work
    inputs: {parameters: [{name: word}]}
    outputs: {parameters: [{name: out, valueFrom: {path: /tmp/out}}]}
    container:
      image: alpine
      command: [sh, -c]
      args:
      - "echo start {{inputs.parameters.word}} >> /mark/log; sleep 0.5; echo {{inputs.parameters.word}} > /tmp/out; echo end {{inputs.parameters.word}} >> /mark/log"
      volumeMounts: [{name: mark, mountPath: /mark}]
"""


def test_kill_9_of_everything_loses_nothing_and_runs_nothing_twice_that_had_reported(
    data: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "five.yaml"
    manifest.write_text(FIVE_STEPS)
    assert argorun("up", "--data", str(data), "--detach").returncode == 0
    client = KubeClient.from_kubeconfig(data / "kubeconfig")
    submitted = argorun("submit", str(manifest), "--kubeconfig", str(data / "kubeconfig"), "-o", "name")
    assert (submitted.returncode, submitted.stdout) == (0, "five\n")
    log = data / "claims" / "default" / "mark" / "log"
    wait_until(lambda: log.exists() and "start three" in log.read_text())
    for pid in pids(data):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not clusterdir.is_locked(data))
    time.sleep(0.8)
    # The step that ran was killed with the cluster: it did not reach its end.
    assert log.read_text().split("\n")[:-1] == [
        "start one",
        "end one",
        "start two",
        "end two",
        "start three",
    ]
    assert argorun("up", "--data", str(data), "--detach").returncode == 0
    client = KubeClient.from_kubeconfig(data / "kubeconfig")
    wait_until(
        lambda: (
            (client.get(WORKFLOW, "five", "default")["status"].get("phase"))
            in ("Succeeded", "Failed", "Error")
        ),
        25.0,
    )
    wf = client.get(WORKFLOW, "five", "default")
    assert wf["status"]["phase"] == "Succeeded"
    lines = log.read_text().split("\n")[:-1]
    assert lines == [
        "start one",
        "end one",
        "start two",
        "end two",
        "start three",
        "start three",
        "end three",
        "start four",
        "end four",
        "start five",
        "end five",
    ]
    outputs = {
        node["displayName"]: [p["value"] for p in node["outputs"]["parameters"]]
        for node in wf["status"]["nodes"].values()
        if node["type"] == "Pod"
    }
    assert outputs == {name: [name] for name in ("one", "two", "three", "four", "five")}
