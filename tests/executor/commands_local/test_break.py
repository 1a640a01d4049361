"""Breakpoints: where a run is held, what a terminal may answer, and that resume goes on."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from argolint.errors import UserError
from executor.engine.contract import PluginObserved
from executor.local.breakpoints import Choice, Held, Holder, Point, parse, prompt
from executor.local.requests import Asked

from .conftest import HEAD, Project

CHAIN = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {{name: a, template: say, arguments: {{parameters: [{{name: x, value: one}}]}}}}
      - {{name: b, template: say, depends: a, arguments: {{parameters: [{{name: x, value: "{{{{tasks.a.outputs.result}}}}"}}]}}}}
      - {{name: c, template: bad, depends: b, arguments: {{parameters: [{{name: x, value: "{{{{tasks.b.outputs.result}}}}"}}]}}}}
      - {{name: d, template: say, depends: c.Failed, arguments: {{parameters: [{{name: x, value: last}}]}}}}
  - {{name: say, inputs: {{parameters: [{{name: x}}]}}, script: {{image: alpine, command: [sh], source: "echo {{{{inputs.parameters.x}}}}"}}}}
  - {{name: bad, inputs: {{parameters: [{{name: x}}]}}, script: {{image: alpine, command: [sh], source: "echo kept > /tmp/f; exit 3"}}}}
"""


@pytest.mark.parametrize(
    ("words", "points"),
    [
        (["before:a*"], [Point("before", "a*")]),
        (["b"], [Point("before", "b")]),
        (["after:main.x", "on-failure"], [Point("after", "main.x"), Point("on-failure", "*")]),
        (["on-failure:x"], [Point("on-failure", "x")]),
    ],
)
def test_points_are_parsed(words: list[str], points: list[Point]) -> None:
    assert parse(words) == points


@pytest.mark.parametrize("word", ["at:x", "after:", ":x"])
def test_what_is_no_point_is_refused(word: str) -> None:
    with pytest.raises(UserError, match="not a breakpoint"):
        parse([word])


def test_a_node_holds_once_for_each_of_its_points() -> None:
    holder = Holder(parse(["after:a", "on-failure"]))
    node = {"id": "1", "name": "wf.a", "displayName": "a", "type": "Pod", "phase": "Running"}
    assert holder.after(node) is None
    failed = {**node, "phase": "Failed"}
    assert [holder.after(failed) for _ in range(3)] == [Held("after", "wf.a", "1"), Held("on-failure", "wf.a", "1"), None]  # fmt: skip
    assert holder.before(failed) is None
    assert Holder(parse(["on-failure"])).after({**failed, "type": "DAG"}) is None


@pytest.mark.parametrize(
    ("typed", "choice", "said"),
    [
        ("c\n", Choice(True), ""),
        ("q\n", Choice(False), ""),
        ("", Choice(False), ""),
        ("e\nc\n", Choice(True), "  why n\n"),
        ("what\n\nc\n", Choice(True), ""),
        ("s\nc\n", Choice(True), "nothing of it has started"),
        ("k x\nk tag=v1 result=ok\n", Choice(True, {"tag": "v1", "result": "ok"}), "write skip NAME=VALUE"),
    ],
)
def test_the_prompt_asks_until_it_knows(typed: str, choice: Choice, said: str) -> None:
    out, source = io.StringIO(), io.StringIO(typed)
    held = Held("before", "wf.a", "n")
    found = prompt(held, lambda i: [f"why {i}"], lambda i: None, source.readline, out)
    assert found == choice
    assert "held before wf.a" in out.getvalue()
    assert said in out.getvalue()


def test_without_a_terminal_the_run_ends_and_resume_goes_on(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", CHAIN)
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint", "--break", "before:b")
    assert done.code == 5
    assert "paused before wf.b; `argorun resume wf` goes on" in done.err
    assert sandboxed.phases() == {"wf": "Running", "a": "Succeeded", "b": "Pending"}
    again = sandboxed.argorun("resume", "wf", "--break", "on-failure")
    assert again.code == 5
    assert "paused after the failure of wf.c" in again.err
    assert sandboxed.phases()["c"] == "Failed"
    assert "d" not in sandboxed.phases() or sandboxed.phases()["d"] == "Pending"
    shown = sandboxed.argorun("explain", "wf", "c", "--command").out
    assert shown.endswith(
        "  it ran:\n    echo kept > /tmp/f; exit 3\n    sh /argo/staging/script\n  to look at it: argorun shell wf c\n"
    )
    last = sandboxed.argorun("resume", "wf")
    assert (last.code, sandboxed.phases()["d"]) == (0, "Succeeded")
    assert "a: one" not in last.out


def test_a_terminal_is_asked(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", CHAIN)
    master, slave = pty.openpty()
    words = ["run", "wf.yaml", "--no-lint", "--break", "b", "--break", "on-failure"]
    process = subprocess.Popen(
        [sys.executable, "-m", "executor", *words], cwd=sandboxed.path, stdin=slave, stdout=slave, stderr=slave,
        start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    seen = ""
    try:
        seen += _until(master, "held before wf.b", "> ")
        os.write(master, b"e\n")
        seen += _until(master, "echo one", "> ")
        os.write(master, b"skip result=made-up\n")
        seen += _until(master, "held after the failure of wf.c", "> ")
        os.write(master, b"s\n")
        os.write(master, b"cat /tmp/f; exit\n")
        seen += _until(master, "kept", "> ")
        os.write(master, b"c\n")
        seen += _until(master, "run directory", "")
        assert process.wait(30) == 0, seen
    finally:
        process.kill()
        os.close(master)
    node: Any = next(n for n in sandboxed.state()["status"]["nodes"].values() if n["displayName"] == "c")
    assert node["inputs"]["parameters"] == [{"name": "x", "value": "made-up"}]


def _until(master: int, text: str, then: str) -> str:
    """What the terminal shows until `text` and, after it, `then`."""
    seen, end = "", time.monotonic() + 40
    while time.monotonic() < end:
        if text in seen and then in seen.split(text, 1)[1]:
            return seen
        try:
            seen += os.read(master, 4096).decode(errors="replace")
        except OSError:
            break
    raise AssertionError(f"never saw {text!r} and {then!r} in {seen!r}")


ASKS = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {{name: first, template: ask}}
      - {{name: second, template: ask, depends: first}}
  - {{name: ask, http: {{url: "http://127.0.0.1:%s/x", method: PUT, body: "b"}}}}
"""


@pytest.fixture
def asked() -> Iterator[Any]:
    """A server; `seen` are the requests that it got."""

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            found.seen.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    found: Any = HTTPServer(("127.0.0.1", 0), Handler)
    found.seen = []
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_requests_are_held_too(sandboxed: Project, asked: Any) -> None:
    sandboxed.write("wf.yaml", ASKS % asked.server_port)
    held = sandboxed.argorun("run", "wf.yaml", "--break", "before:second")
    assert (held.code, asked.seen) == (5, ["/x"])
    assert "paused before wf.second; `argorun resume wf` goes on" in held.err
    assert sandboxed.phases() == {"wf": "Running", "first": "Succeeded", "second": "Pending"}
    assert sandboxed.argorun("resume", "wf", "-q").code == 0
    assert asked.seen == ["/x", "/x"]
    assert sandboxed.phases() == {"wf": "Succeeded", "first": "Succeeded", "second": "Succeeded"}


def test_a_request_is_explained_and_answered_by_a_person(sandboxed: Project, asked: Any) -> None:
    sandboxed.write("wf.yaml", ASKS % asked.server_port)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "executor", "run", "wf.yaml", "--break", "first"], cwd=sandboxed.path, stdin=slave,
        stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    try:
        _until(master, "held before wf.first", "> ")
        os.write(master, b"e\n")
        seen = _until(master, f"PUT http://127.0.0.1:{asked.server_port}/x", "> ")
        os.write(master, b"skip result=made-up\n")
        seen += _until(master, "run directory", "")
        assert process.wait(30) == 0, seen
    finally:
        process.kill()
        os.close(master)
    assert asked.seen == ["/x"]
    results = {n["displayName"]: (n.get("outputs") or {}).get("result") for n in sandboxed.state()["status"]["nodes"].values()}  # fmt: skip
    assert (results["first"], results["second"]) == ("made-up", "ok")


def test_what_a_person_answers_for_a_plugin_are_its_outputs() -> None:
    key = ("default", "wf")
    plugin = Asked(key, "n", {"plugin": {"hello": {}}}, {})
    assert plugin.text == "plugin hello"
    assert plugin.answered({"tag": "v1", "result": "r"}) == PluginObserved(
        "n", "Succeeded", outputs={"parameters": [{"name": "tag", "value": "v1"}], "result": "r"}
    )
    assert plugin.answered({}) == PluginObserved("n", "Succeeded")
