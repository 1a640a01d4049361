"""A language server on pygls: diagnostics with related places, repairs as code actions, rule pages on hover."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from argolint._version import __version__
from argolint.diagnostic import Diagnostic
from argolint.lsp.state import Workspace, offset, position
from argolint.registry import page_path
from argolint.text import SourceText

_SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}


def make_server() -> LanguageServer:
    """The server, ready for `start_io`."""
    server = LanguageServer("argolint", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
    held: dict[str, Workspace] = {}

    def workspace() -> Workspace:
        if "it" not in held:
            held["it"] = Workspace(server.workspace.root_path or os.getcwd())
        return held["it"]

    def publish() -> None:
        space = workspace()
        for path, findings in space.lint().items():
            assert space.report is not None
            items = [to_diagnostic(item, space.report.texts) for item in findings]
            uri = from_fs_path(path) or ""
            server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, items))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        workspace().open[_path(params.text_document.uri)] = params.text_document.text
        publish()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        document = server.workspace.get_text_document(params.text_document.uri)
        workspace().open[_path(params.text_document.uri)] = document.source
        publish()

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        if os.path.basename(_path(params.text_document.uri)) in (
            ".argolint.yaml",
            ".argolint.yml",
            "pyproject.toml",
        ):
            workspace().reload()
        publish()

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        workspace().open.pop(_path(params.text_document.uri), None)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(params.text_document.uri, []))

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION)
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        found = []
        for item, source in _findings_at(workspace(), params.text_document.uri, params.range):
            if item.fix is not None:
                edits = [
                    lsp.TextEdit(_range(source, edit.start, edit.end), edit.text) for edit in item.fix.edits
                ]
                title = item.fix.title or f"Repair {item.code} ({item.fix.safety})"
                change = lsp.WorkspaceEdit(changes={params.text_document.uri: edits})
                found.append(
                    lsp.CodeAction(
                        title,
                        kind=lsp.CodeActionKind.QuickFix,
                        edit=change,
                        is_preferred=item.fix.safety == "safe",
                    )
                )
        return found

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        here = lsp.Range(params.position, params.position)
        texts = []
        for item, _ in _findings_at(workspace(), params.text_document.uri, here):
            declared = workspace().rules.get(item.code)
            page = Path(page_path(declared)) if declared is not None else None
            if page is not None and page.is_file():
                texts.append(page.read_text(encoding="utf-8").partition("\n## ")[0])
        if not texts:
            return None
        return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(dict.fromkeys(texts))))

    return server


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


def _findings_at(space: Workspace, uri: str, where: lsp.Range) -> list[tuple[Diagnostic, SourceText]]:
    report: Any = space.report
    path = _path(uri)
    if report is None or path not in report.texts:
        return []
    source = report.texts[path]
    first = offset(source, where.start.line, where.start.character)
    last = offset(source, where.end.line, where.end.character)
    return [
        (item, source)
        for item in report.findings
        if item.path == path and item.start <= last and first <= item.end
    ]
