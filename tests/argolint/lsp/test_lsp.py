"""The language server: spoken to as an editor speaks to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

from argolint.diagnostic import Edit
from argolint.lsp.state import difference, offset, position
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
        assert (
            ignore["edit"]["changes"][path.as_uri()][0]["newText"]
            == "  # argolint: ignore[YML102] TODO: say why"
        )
        hover = {"textDocument": {"uri": path.as_uri()}, "position": {"line": 4, "character": 15}}
        assert "(REF102)" in editor.ask("textDocument/hover", hover)["contents"]["value"]
        assert editor.ask("textDocument/definition", hover) is None
        shown = editor.ask("textDocument/completion", {**hover, "position": {"line": 4, "character": 14}})
        assert [(item["label"], item["textEdit"]["newText"]) for item in shown] == [("main", "main")]
        fixed = FLOW.replace("mian", "main").replace("{{workflow.name}}", '"{{workflow.name}}"')
        change = {"textDocument": {"uri": path.as_uri(), "version": 2}, "contentChanges": [{"text": fixed}]}
        editor.send("textDocument/didChange", change)
        assert editor.until("textDocument/publishDiagnostics")["diagnostics"] == []
        assert editor.ask("textDocument/definition", hover) == {
            "uri": path.as_uri(),
            "range": {"start": {"line": 6, "character": 10}, "end": {"line": 6, "character": 14}},
        }
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


LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: library}
spec:
  templates:
  - name: greet
    container: {image: "a:1", command: [x]}
"""
CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        templateRef: {name: library, template: greet}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "library.yaml").write_text(LIBRARY)
    (tmp_path / "caller.yaml").write_text(CALLER)
    (tmp_path / ".argolint.yaml").write_text("select: [REF, YML]\n")
    return tmp_path


class Client:
    """pygls' own client, which knows the protocol's types, with the diagnostics that it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client = LanguageClient("editor", "1")
        self.shown: dict[str, list[lsp.Diagnostic]] = {}
        self.versions: list[tuple[str, int | None]] = []
        self.messages: list[str] = []
        self.news = asyncio.Event()

        @self.client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: lsp.PublishDiagnosticsParams) -> None:
            self.shown[params.uri.rpartition("/")[2]] = list(params.diagnostics)
            self.versions.append((params.uri.rpartition("/")[2], params.version))
            self.news.set()

        @self.client.feature(lsp.WINDOW_SHOW_MESSAGE)
        def said(params: lsp.ShowMessageParams) -> None:
            self.messages.append(params.message)
            self.news.set()

    async def __aenter__(self) -> Client:
        await self.client.start_io(sys.executable, "-m", "argolint", "lsp", "--stdio", cwd=str(self.folder))
        await self.client.initialize_async(
            lsp.InitializeParams(lsp.ClientCapabilities(), root_uri=self.folder.as_uri())
        )
        self.client.initialized(lsp.InitializedParams())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.shutdown_async(None)
        self.client.exit(None)
        await self.client.stop()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        text = (self.folder / name).read_text() if text is None else text
        item = lsp.TextDocumentItem(self.uri(name), "yaml", 1, text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def type(self, name: str, version: int, text: str) -> None:
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        where = lsp.VersionedTextDocumentIdentifier(version, self.uri(name))
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(where, [change]))

    async def until(self, ready: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not ready():
                self.news.clear()
                await self.news.wait()

    def codes(self, name: str) -> list[str]:
        return [str(item.code) for item in self.shown.get(name, [])]


def test_a_change_in_one_document_shows_in_another(project: Path) -> None:
    async def story() -> None:
        async with Client(project) as editor:
            editor.open("caller.yaml")
            await editor.until(lambda: "caller.yaml" in editor.shown)
            assert editor.codes("caller.yaml") == []
            editor.open("library.yaml")
            editor.type("library.yaml", 2, LIBRARY.replace("name: greet", "name: welcome"))
            await editor.until(lambda: editor.codes("caller.yaml") == ["REF105"])
            (found,) = editor.shown["caller.yaml"]
            (related,) = found.related_information or ()
            assert related.location.uri == editor.uri("library.yaml")
            # The file on disk has not changed: when the document is closed, it is what counts again.
            where = lsp.TextDocumentIdentifier(editor.uri("library.yaml"))
            editor.client.text_document_did_close(lsp.DidCloseTextDocumentParams(where))
            await editor.until(lambda: editor.codes("caller.yaml") == [])

    asyncio.run(story())


def test_only_the_newest_text_is_answered_for(project: Path) -> None:
    async def story() -> None:
        async with Client(project) as editor:
            editor.open("caller.yaml")
            await editor.until(lambda: "caller.yaml" in editor.shown)
            for version in range(2, 60):
                wrong = CALLER.replace("entrypoint: main", f"entrypoint: m{version}")
                editor.type("caller.yaml", version, wrong)
            editor.type("caller.yaml", 60, CALLER)
            # A request behind the changes is answered for the last of them.
            where = lsp.TextDocumentIdentifier(editor.uri("caller.yaml"))
            everything = lsp.Range(lsp.Position(0, 0), lsp.Position(99, 0))
            context = lsp.CodeActionContext([])
            actions = await editor.client.text_document_code_action_async(
                lsp.CodeActionParams(where, everything, context)
            )
            assert not actions
            await editor.until(lambda: editor.versions[-1] == ("caller.yaml", 60))
            assert editor.codes("caller.yaml") == []
            # Far fewer runs than changes: typing is waited for.
            assert len(editor.versions) < 30

    asyncio.run(story())


def test_all_safe_repairs_at_once_and_a_suppression(project: Path) -> None:
    text = CALLER.replace("greet}", "greet, arguments: {parameters: [{name: a, value: {{workflow.name}}}]}}")

    async def story() -> None:
        async with Client(project) as editor:
            editor.open("caller.yaml", text)
            where = lsp.TextDocumentIdentifier(editor.uri("caller.yaml"))
            everything = lsp.Range(lsp.Position(0, 0), lsp.Position(99, 0))
            context = lsp.CodeActionContext([], only=[lsp.CodeActionKind.SourceFixAll])
            (action,) = await editor.client.text_document_code_action_async(
                lsp.CodeActionParams(where, everything, context)
            )
            assert isinstance(action, lsp.CodeAction)
            assert action.kind == "source.fixAll"
            (edit,) = action.edit.changes[editor.uri("caller.yaml")]  # type: ignore[union-attr, index]
            assert isinstance(edit, lsp.TextEdit)
            assert edit.new_text == '"{{workflow.name}}"'

    asyncio.run(story())


def test_a_wrong_configuration_is_told_and_a_right_one_taken(project: Path) -> None:
    (project / ".argolint.yaml").write_text("selct: [REF]\n")

    async def story() -> None:
        async with Client(project) as editor:
            editor.open("caller.yaml", CALLER.replace("entrypoint: main", "entrypoint: nope"))
            await editor.until(lambda: "caller.yaml" in editor.shown and bool(editor.messages))
            assert "unknown key `selct`" in editor.messages[0]
            assert "REF102" in editor.codes("caller.yaml")
            (project / ".argolint.yaml").write_text("select: [YML]\n")
            changed = lsp.FileEvent(editor.uri(".argolint.yaml"), lsp.FileChangeType.Changed)
            editor.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([changed]))
            await editor.until(lambda: editor.codes("caller.yaml") == [])

    asyncio.run(story())


def test_documents_that_are_excluded_or_no_manifests_are_let_be(project: Path) -> None:
    (project / ".argolint.yaml").write_text("exclude: [vendor]\nselect: [REF, YML]\n")
    (project / "vendor").mkdir()
    (project / "vendor/x.yaml").write_text(CALLER)

    async def story() -> None:
        async with Client(project) as editor:
            editor.open("vendor/x.yaml", CALLER.replace("entrypoint: main", "entrypoint: nope"))
            editor.open("values.yaml", "a: {{b}}\n")
            await editor.until(lambda: {"x.yaml", "values.yaml"} <= set(editor.shown))
            assert (editor.codes("x.yaml"), editor.codes("values.yaml")) == ([], [])

    asyncio.run(story())


def test_a_difference_is_no_longer_than_need_be() -> None:
    assert difference("a: 1\nb: 2\n", "a: 1  # x\nb: 2\n") == Edit(4, 4, "  # x")
    assert difference("aaa", "aa") == Edit(2, 3, "")
    assert difference("", "x") == Edit(0, 0, "x")
