"""plugin templates: the engine asks, a server answers, and what goes wrong is the node's message."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.engine import advance, new_workflow
from executor.engine.contract import Context, PluginObserved, RunPlugin
from executor.engine.simulate import START
from executor.local.plugins import run_plugin
from executor.local.settings import load_file

MANIFEST: dict[str, Any] = {
    "kind": "Workflow",
    "metadata": {"namespace": "argo"},
    "spec": {
        "entrypoint": "main",
        "arguments": {"parameters": [{"name": "who", "value": "you"}]},
        "templates": [{"name": "main", "plugin": {"hello": {"to": "{{workflow.parameters.who}}"}}}],
    },
}
CONTEXT = Context(plugins=frozenset({"hello"}))


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Any = self.server
        server.seen.append((self.path, body))
        status, answer = server.answers.pop(0)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    """A plugin; `answers` are (status, body) in turn, `seen` what it was asked."""
    found: Any = HTTPServer(("127.0.0.1", 0), _Handler)
    found.answers, found.seen = [], []
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def ask(server: Any) -> Callable[[], list[PluginObserved]]:
    def run() -> list[PluginObserved]:
        told: list[PluginObserved] = []
        address = f"http://127.0.0.1:{server.server_port}/"
        run_plugin(
            "n", {"plugin": {"hello": {"to": "you"}}}, {"metadata": {"name": "wf", "namespace": "argo", "uid": "u", "labels": {}}},
            {"hello": address, "other": "http://127.0.0.1:1"}, told.append, threading.Event(),
        )  # fmt: skip
        return told

    return run


def test_engine_asks_once_and_takes_the_answer() -> None:
    workflow = new_workflow(MANIFEST, name="wf", uid="u", now=START)
    first = advance(workflow, (), START, CONTEXT)
    (command,) = [c for c in first.commands if isinstance(c, RunPlugin)]
    assert command.template["plugin"] == {"hello": {"to": "you"}}
    again = advance(first.state, (), START, CONTEXT)
    assert [c for c in again.commands if isinstance(c, RunPlugin)] == []
    half = advance(again.state, (PluginObserved("wf", "", "at it", {}, "1/2"),), START, CONTEXT)
    node = half.state["status"]["nodes"]["wf"]
    assert (node["type"], node["phase"], node["message"], node["progress"]) == (
        "Plugin",
        "Running",
        "at it",
        "1/2",
    )
    outputs = {"parameters": [{"name": "a", "value": "b"}]}
    done = advance(half.state, (PluginObserved("wf", "Succeeded", "hi", outputs),), START, CONTEXT)
    node = done.state["status"]["nodes"]["wf"]
    assert (node["phase"], node["message"], node["outputs"]) == ("Succeeded", "hi", outputs)
    assert done.state["status"]["phase"] == "Succeeded"


def test_plugins_are_asked_again_as_long_as_they_want(server: Any, ask: Any) -> None:
    server.answers = [
        (200, {"node": {"phase": "Running", "message": "wait", "progress": "1/2"}, "requeue": "1ms"}),
        (200, {"node": {"phase": "Succeeded", "message": "done", "outputs": {"result": "x"}}}),
    ]
    assert ask() == [
        PluginObserved("n", "", "wait", {}, "1/2"),
        PluginObserved("n", "Succeeded", "done", {"result": "x"}),
    ]
    expected = {
        "workflow": {"metadata": {"name": "wf", "namespace": "argo", "uid": "u"}},
        "template": {"plugin": {"hello": {"to": "you"}}},
    }
    assert server.seen == [("/api/v1/template.execute", expected)] * 2


@pytest.mark.parametrize(
    ("answer", "phase", "message"),
    [
        ((200, {}), "Error", "no plugin carried the template out (hello)"),
        ((404, {}), "Error", "no plugin carried the template out (hello)"),
        ((200, {"node": {"phase": "Failed", "message": "bad"}}), "Failed", "bad"),
        ((200, {"node": {"phase": "Odd"}}), "Error", "plugin hello answered 'Odd' and does not want to be asked again"),
    ],
)  # fmt: skip
def test_what_a_plugin_answers_is_what_the_node_says(
    server: Any, ask: Any, answer: Any, phase: str, message: str
) -> None:
    server.answers = [answer]
    assert ask() == [PluginObserved("n", phase, message)]


def test_a_plugin_that_is_not_there_or_breaks_is_an_error(server: Any, ask: Any) -> None:
    server.answers = [(500, {})]
    (seen,) = ask()
    assert (seen.phase, seen.message.split(": ")[-1]) == ("Error", "Internal Server Error")
    server.server_close()
    (seen,) = ask()
    assert seen.phase == "Error"
    assert "refused" in seen.message or "reset" in seen.message


def test_addresses_are_checked(tmp_path: Path) -> None:
    path = tmp_path / ".argolint.yaml"
    path.write_text("local: {plugins: {hello: 'http://127.0.0.1:4355'}}\n")
    assert load_file(path).plugins == {"hello": "http://127.0.0.1:4355"}
    path.write_text("local: {plugins: {hello: '127.0.0.1:4355'}}\n")
    with pytest.raises(UserError, match=r"local\.plugins must map executor plugins to addresses"):
        load_file(path)
