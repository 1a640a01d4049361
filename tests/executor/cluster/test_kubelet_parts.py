"""What the kubelet does in place of argoexec, piece by piece."""

from __future__ import annotations

import os
import queue
import select
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest

from executor.cluster import kubelet_agent, kubelet_artifacts
from executor.cluster.kubelet_exec import signal_of
from executor.cluster.kubelet_logs import LogPump
from executor.cluster.podlogs import LogOptions, log_path, read
from executor.runtimes.input import Input
from executor.runtimes.podstatus import ContainerState


def pod(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [{"name": "main", **container}]},
    }


# ---- signals


@pytest.mark.parametrize(
    ("command", "number"),
    [
        (["/var/run/argo/argoexec", "kill", "15", "1"], 15),
        (["argoexec", "kill", "9", "1"], 9),
        (["/bin/sh", "-c", "kill -15 1"], 15),
        (["sh", "-c", "kill -9 1"], 9),
        (["sh", "-c", "kill -9 17"], None),
        (["sh", "-c", "kill -9 1; echo"], None),
        (["sh", "-c", "kill -0 1"], None),
        (["sh", "-c", "kill -99 1"], None),
        (["kill", "-9", "1"], None),
        (["argoexec", "kill", "x", "1"], None),
        (["argoexec", "kill", "15", "2"], None),
        (["argoexec", "version"], None),
        (["sh"], None),
    ],
)
def test_which_command_is_a_signal_to_the_first_process(command: list[str], number: int | None) -> None:
    assert signal_of(command) == number


# ---- pods that run argoexec alone


@pytest.mark.parametrize(
    ("container", "label"),
    [
        ({"command": ["argoexec"], "args": ["artifact", "delete", "--loglevel", "info"]}, "7"),
        ({"args": ["artifact", "delete"]}, "7"),
        ({"command": ["argoexec", "artifact", "delete"]}, "7"),
        ({"command": ["sh"], "args": ["artifact", "delete"]}, ""),
        ({"args": ["wait"]}, ""),
        ({}, ""),
    ],
)
def test_which_pod_collects_artifacts(container: dict[str, Any], label: str) -> None:
    env = [{"name": "ARGO_ARTIFACT_POD_NAME", "value": "7"}]
    assert kubelet_artifacts.task_label(pod(**container, env=env)) == label


@pytest.mark.parametrize(
    ("container", "workflow"),
    [
        ({"command": ["argoexec"], "args": ["agent", "main", "--loglevel", "info"]}, "wf"),
        ({"command": ["argoexec", "agent"]}, "wf"),
        ({"command": ["argoexec"], "args": ["agent", "init"]}, ""),
        ({"command": ["/var/run/argo/argoexec", "emissary", "--", "agent"]}, ""),
        ({}, ""),
    ],
)
def test_which_pod_is_an_agent(container: dict[str, Any], workflow: str) -> None:
    env = [{"name": "ARGO_WORKFLOW_NAME", "value": "wf"}]
    assert kubelet_agent.workflow_of(pod(**container, env=env)) == workflow


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/good" else 500)
        self.end_headers()
        self.wfile.write(f"{self.path} {self.headers.get('X-Key')}".encode())

    def log_message(self, *_: Any) -> None:
        pass


def test_what_an_agent_reports_of_a_task() -> None:
    site = HTTPServer(("127.0.0.1", 0), _Site)
    Thread(target=site.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{site.server_port}"
    key = {"name": "X-Key", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    values = {("s", "k"): "secret"}

    def outcome(template: dict[str, Any]) -> dict[str, Any]:
        return kubelet_agent.outcome("n", template, lambda name, key: values.get((name, key)))

    try:
        assert outcome({"http": {"url": f"{base}/good", "headers": [key]}}) == {
            "phase": "Succeeded",
            "outputs": {"result": "/good secret"},
        }
        assert outcome({"http": {"url": f"{base}/bad"}}) == {
            "phase": "Failed",
            "message": "received non-2xx response code: 500",
            "outputs": {"result": "/bad None"},
        }
        condition = "response.body contains 'never'"
        assert outcome({"http": {"url": f"{base}/good", "successCondition": condition}})["message"] == (
            f"successCondition '{condition}' evaluated false"
        )
        assert (
            outcome({"http": {"url": f"{base}/good", "successCondition": "nonsense("}})["phase"] == "Failed"
        )
        values.clear()
        assert outcome({"http": {"url": f"{base}/good", "headers": [key]}}) == {
            "phase": "Failed",
            "message": "header X-Key: the secret 's' has no key 'k'",
        }
        assert outcome({"plugin": {"hello": {}}})["phase"] == "Error"
    finally:
        site.shutdown()
        site.server_close()


# ---- logs


def test_the_last_line_needs_no_newline_once_its_container_has_ended(tmp_path: Path) -> None:
    states = {name: ContainerState(name, "i", tmp_path / name) for name in ("main", "side")}
    for name, state in states.items():
        state.run()
        (tmp_path / name).write_text(f"{name} one\n{name} tw")
    pump = LogPump(tmp_path / "data")
    pump.follow(SimpleNamespace(states=states, namespace="n", name="p", uid="u"))  # type: ignore[arg-type]
    states["main"].end(0, "Completed")
    pump.flush("u")
    pump.stop()

    def shown(name: str) -> bytes:
        return read(log_path(tmp_path / "data", "n", "p", "u", name), LogOptions())

    assert shown("main") == b"main one\nmain tw\n"
    assert shown("side") == b"side one\n"  # it may go on with the line
    pump.finish("u")
    assert shown("side") == b"side one\nside tw\n"


# ---- standard input


def test_the_input_of_a_container_ends_with_its_first_client() -> None:
    given = Input(tty=False, once=True)
    child = os.dup(given.child)
    given.started(1)
    given.write(b"x" * 10_000)
    given.finish()
    with os.fdopen(child, "rb") as stream:
        assert stream.read() == b"x" * 10_000
    with pytest.raises(OSError, match="ended"):
        given.write(b"late")
    given.close()


def test_an_input_that_is_not_for_one_client_only_stays_open() -> None:
    given = Input(tty=False, once=False)
    child = os.dup(given.child)
    given.started(1)
    for word in (b"one", b"two"):
        given.write(word)
        given.finish()
    with os.fdopen(child, "rb") as stream:
        assert stream.read(6) == b"onetwo"
        assert select.select([stream], [], [], 0)[0] == []
        given.close()
        assert stream.read() == b""


def test_nobody_waits_for_a_container_that_reads_nothing_and_ends() -> None:
    given = Input(tty=False, once=True)
    child = os.dup(given.child)
    given.started(1)
    failed: list[BaseException] = []

    def type_much() -> None:
        try:
            given.write(b"x" * 10_000_000)
        except OSError as error:
            failed.append(error)

    thread = Thread(target=type_much)
    thread.start()
    os.close(child)
    given.close()
    thread.join(30)
    assert not thread.is_alive()
    assert len(failed) == 1


def test_a_terminal_shows_to_its_listeners_and_to_the_log() -> None:
    given = Input(tty=True, once=True)
    child, (log, output) = os.dup(given.child), os.pipe()
    heard: queue.Queue[bytes] = queue.Queue()
    given.started(output)
    os.close(output)
    given.resize(17, 91)
    stop = given.listen(heard.put)
    assert os.isatty(child)
    assert os.get_terminal_size(child) == (91, 17)
    os.write(child, b"shown\n")
    with os.fdopen(log, "rb", buffering=0) as stream:
        text = b""
        while b"\n" not in text:
            text += stream.read(100)
        told = b""  # the log is written before listeners are told
        while b"\n" not in told:
            told += heard.get(timeout=30)
        stop()
        os.close(child)
        assert given.ended.wait(30)
        assert text + stream.read() == b"shown\r\n"
    assert told == b"shown\r\n"
