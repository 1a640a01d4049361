"""A language server on pygls: diagnostics with related places, repairs as code actions, rule pages on hover.

The event loop only keeps the documents. Linting happens in a thread, a moment after the last change; what came of texts that
have changed in the meantime is thrown away.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from argolint._version import __version__
from argolint.addignore import add_ignores
from argolint.diagnostic import Diagnostic, Edit
from argolint.fix import compatible, edits_of
from argolint.lsp.places import completions, definition
from argolint.lsp.state import CONFIGURATIONS, Result, Workspace, difference, offset, position
from argolint.registry import page_path
from argolint.text import SourceText, decode

# How long typing has to pause before it is looked at.
PAUSE_SECONDS = 0.15

_SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}


_ITEM_KIND = {
    "variable": lsp.CompletionItemKind.Variable,
    "template": lsp.CompletionItemKind.Function,
    "name": lsp.CompletionItemKind.Reference,
}


class Linter:
    """Lints the open documents when they change: one run at a time, always of what is newest."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server
        self.documents: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.result: Result | None = None
        self.workspace: Workspace | None = None
        self.stale = False
        self._thread = ThreadPoolExecutor(1, "lint")
        self._task: asyncio.Task[None] | None = None
        self._changed = 0
        self._reload = False

    def change(self, *, reload: bool = False, pause: float = PAUSE_SECONDS) -> None:
        """Something has changed: lint, unless that is being done, in which case it is done again."""
        self._changed += 1
        self._reload = self._reload or reload
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(pause))

    async def settled(self) -> None:
        """Wait until what is known is what is open."""
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    async def _run(self, pause: float) -> None:
        done = -1
        while done != self._changed:
            await asyncio.sleep(pause)
            done = self._changed
            reload, self._reload = self._reload, False
            documents = dict(self.documents)
            loop = asyncio.get_running_loop()
            try:
                result = await loop.run_in_executor(self._thread, self._lint, documents, reload)
            except Exception as error:  # an editor must not lose its linter to one bad file
                self._say(f"argolint: {type(error).__name__}: {error}")
                continue
            if done == self._changed:
                self.result = result
                self._publish(result)

    def _lint(self, documents: dict[str, str], reload: bool) -> Result:
        if self.workspace is None:
            self.workspace = Workspace(self.server.workspace.root_path or os.getcwd())
            self._tell_problem(self.workspace)
        elif reload:
            self.workspace.reload()
            self._tell_problem(self.workspace)
        return self.workspace.lint(documents)

    def _tell_problem(self, space: Workspace) -> None:
        if space.problem:
            self._say(f"argolint: {space.problem}")

    def _say(self, text: str) -> None:
        self.server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, text))

    def _publish(self, result: Result) -> None:
        for path, findings in result.findings.items():
            items = [to_diagnostic(item, result.report.texts) for item in findings]
            params = lsp.PublishDiagnosticsParams(from_fs_path(path) or "", items, self.versions.get(path))
            self.server.text_document_publish_diagnostics(params)

    def findings(self, uri: str, where: lsp.Range) -> tuple[SourceText, list[Diagnostic]]:
        """A document's text, and what was found in a range of it."""
        path = _path(uri)
        text = self.documents.get(path, "")
        source = SourceText(text)
        known = self.result.findings.get(path, []) if self.result is not None else []
        if self.result is not None and path in self.result.report.texts:
            source = self.result.report.texts[path]
        if source.text != text:
            return SourceText(text), []
        first = offset(source, where.start.line, where.start.character)
        last = offset(source, where.end.line, where.end.character)
        return source, [item for item in known if item.start <= last and first <= item.end]

    def texts(self, path: str) -> dict[str, str]:
        """The texts of the workspace by absolute path, open documents as the editor has them."""
        known = self.result.inputs if self.result is not None else []
        found = {os.path.abspath(item.path): decode(item.data)[0] for item in known}
        return {**found, **self.documents, path: self.documents.get(path, "")}


def make_server() -> LanguageServer:
    """The server, ready for `start_io`."""
    server = LanguageServer("argolint", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
    linter = Linter(server)

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        linter.documents[path] = params.text_document.text
        linter.versions[path] = params.text_document.version
        linter.change(pause=0)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        linter.documents[path] = server.workspace.get_text_document(params.text_document.uri).source
        linter.versions[path] = params.text_document.version
        linter.change()

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        linter.change(reload=_is_configuration(params.text_document.uri))

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: lsp.DidChangeWatchedFilesParams) -> None:
        linter.change(reload=any(_is_configuration(change.uri) for change in params.changes))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        path = _path(params.text_document.uri)
        linter.documents.pop(path, None)
        linter.versions.pop(path, None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))
        linter.change()

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll]),
    )
    async def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        await linter.settled()
        return code_actions(linter, params)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        await linter.settled()
        here = lsp.Range(params.position, params.position)
        texts = []
        for item in linter.findings(params.text_document.uri, here)[1]:
            declared = linter.workspace.rules.get(item.code) if linter.workspace is not None else None
            page = Path(page_path(declared)) if declared is not None else None
            if page is not None and page.is_file():
                texts.append(page.read_text(encoding="utf-8").partition("\n## ")[0])
        if not texts:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(dict.fromkeys(texts))))

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    async def declared(params: lsp.DefinitionParams) -> lsp.Location | None:
        await linter.settled()
        path = _path(params.text_document.uri)
        texts = linter.texts(path)
        at = offset(SourceText(texts[path]), params.position.line, params.position.character)
        found = definition(path, texts, at)
        if found is None:
            return None
        return lsp.Location(
            from_fs_path(found.path) or "", _range(SourceText(texts[found.path]), found.start, found.end)
        )

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "{", "."]))
    def complete(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        path = _path(params.text_document.uri)
        texts = linter.texts(path)
        source = SourceText(texts[path])
        at = offset(source, params.position.line, params.position.character)
        return [
            lsp.CompletionItem(
                item.text,
                kind=_ITEM_KIND[item.kind],
                text_edit=lsp.TextEdit(_range(source, item.start, at), item.text),
            )
            for item in completions(path, texts, at)
        ]

    return server


def code_actions(linter: Linter, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """The repairs of what is found in a range, a suppression for each, and, when that is asked for, all safe repairs."""
    uri = params.text_document.uri
    wanted = tuple(params.context.only or (lsp.CodeActionKind.QuickFix,))
    found = []
    source, items = linter.findings(uri, params.range)
    if _asks_for(lsp.CodeActionKind.QuickFix, wanted):
        for item in items:
            shown = to_diagnostic(item, {item.path: source})
            if item.fix is not None:
                title = item.fix.title or f"Repair {item.code} ({item.fix.safety})"
                action = _action(title, lsp.CodeActionKind.QuickFix, uri, source, item.fix.edits, [shown])
                action.is_preferred = item.fix.safety == "safe"
                found.append(action)
        for item in items:
            text, left = add_ignores(source.text, [item], "TODO: say why")
            if not left:
                shown = to_diagnostic(item, {item.path: source})
                edit = difference(source.text, text)
                found.append(
                    _action(
                        f"Ignore {item.code} here", lsp.CodeActionKind.QuickFix, uri, source, [edit], [shown]
                    )
                )
    if _asks_for(lsp.CodeActionKind.SourceFixAll, wanted):
        everywhere = lsp.Range(lsp.Position(0, 0), lsp.Position(source.line_count, 0))
        safe = [
            item
            for item in linter.findings(uri, everywhere)[1]
            if item.fix is not None and item.fix.safety == "safe"
        ]
        edits = edits_of(compatible(safe))
        if edits:
            found.append(
                _action("Make all safe repairs", lsp.CodeActionKind.SourceFixAll, uri, source, edits, None)
            )
    return found


def _asks_for(kind: str, wanted: tuple[str, ...]) -> bool:
    return any(kind == one or kind.startswith(f"{one}.") or one.startswith(f"{kind}.") for one in wanted)


def _action(
    title: str, kind: lsp.CodeActionKind, uri: str, source: SourceText, edits: list[Edit] | tuple[Edit, ...],
    diagnostics: list[lsp.Diagnostic] | None,
) -> lsp.CodeAction:  # fmt: skip
    changes = [lsp.TextEdit(_range(source, edit.start, edit.end), edit.text) for edit in edits]
    edit = lsp.WorkspaceEdit(changes={uri: changes})
    return lsp.CodeAction(title, kind=kind, diagnostics=diagnostics, edit=edit)


def to_diagnostic(item: Diagnostic, texts: dict[str, SourceText]) -> lsp.Diagnostic:
    """A finding as the protocol has it."""
    message = f"{item.message}\n{item.help}" if item.help else item.message
    related = [
        lsp.DiagnosticRelatedInformation(
            lsp.Location(
                from_fs_path(os.path.abspath(label.path)) or "",
                _range(texts[label.path], label.start, label.end),
            ),
            label.message,
        )
        for label in item.related
        if label.path in texts
    ]
    return lsp.Diagnostic(
        _range(texts[item.path], item.start, item.end), message, severity=_SEVERITY[item.severity], code=item.code,
        source="argolint", related_information=related,
    )  # fmt: skip


def _range(source: SourceText, start: int, end: int) -> lsp.Range:
    return lsp.Range(lsp.Position(*position(source, start)), lsp.Position(*position(source, max(start, end))))


def _path(uri: str) -> str:
    return os.path.abspath(to_fs_path(uri) or uri)


def _is_configuration(uri: str) -> bool:
    return os.path.basename(_path(uri)) in CONFIGURATIONS
