"""The language server: spoken to as an editor speaks to it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from argolint.lsp.state import offset, position
from argolint.text import SourceText

FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: "😀-"}
spec:
  entrypoint: mian
  templates:
  - name: main
    container: {image: "a:1", command: [x], args: [{{workflow.name}}]}
"""


class Editor:
    """The editor's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "argolint", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
        self.number = 0

    def send(self, method: str, params: Any, *, answer: bool = False) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if answer:
            self.number += 1
            message["id"] = self.number
        data = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return dict(json.loads(self.process.stdout.read(length)))

    def ask(self, method: str, params: Any) -> Any:
        self.send(method, params, answer=True)
        while (message := self.receive()).get("id") != self.number:
            pass
        return message["result"]

    def until(self, method: str) -> Any:
        while (message := self.receive()).get("method") != method:
            pass
        return message["params"]


def test_diagnostics_repairs_and_hover(tmp_path: Path) -> None:
    path = tmp_path / "flow.yaml"
    path.write_text(FLOW)
    (tmp_path / ".argolint.yaml").write_text("select: [REF102, YML102]\n")
    editor = Editor(tmp_path)
    try:
        can = editor.ask("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}})[
            "capabilities"
        ]
        assert can["hoverProvider"]
        editor.send("initialized", {})
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": FLOW}
        editor.send("textDocument/didOpen", {"textDocument": document})
        shown = editor.until("textDocument/publishDiagnostics")["diagnostics"]
        assert [(item["code"], item["range"]["start"]) for item in shown] == [
            ("REF102", {"line": 4, "character": 14}),
            ("YML102", {"line": 7, "character": 51}),
        ]
        where = {
            "textDocument": {"uri": path.as_uri()},
            "range": shown[1]["range"],
            "context": {"diagnostics": []},
        }
        action, ignore = editor.ask("textDocument/codeAction", where)
        assert action["edit"]["changes"][path.as_uri()][0]["newText"] == '"{{workflow.name}}"'
        assert ignore["title"] == "Ignore YML102 here"
        assert ignore["edit"]["changes"][path.as_uri()][0]["newText"] == "  # argolint: ignore[YML102] TODO: say why"
        hover = {"textDocument": {"uri": path.as_uri()}, "position": {"line": 4, "character": 15}}
        assert "(REF102)" in editor.ask("textDocument/hover", hover)["contents"]["value"]
        fixed = FLOW.replace("mian", "main").replace("{{workflow.name}}", '"{{workflow.name}}"')
        change = {"textDocument": {"uri": path.as_uri(), "version": 2}, "contentChanges": [{"text": fixed}]}
        editor.send("textDocument/didChange", change)
        assert editor.until("textDocument/publishDiagnostics")["diagnostics"] == []
        editor.ask("shutdown", None)
        editor.send("exit", None)
        assert editor.process.wait(timeout=20) == 0
    finally:
        editor.process.kill()
        editor.process.communicate()


def test_positions_count_utf_16_units() -> None:
    source = SourceText("a😀b\nc")
    assert [position(source, at) for at in range(5)] == [(0, 0), (0, 1), (0, 3), (0, 4), (1, 0)]
    assert [offset(source, *position(source, at)) for at in range(5)] == [0, 1, 2, 3, 4]
