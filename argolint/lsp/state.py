"""What the language server knows: the files of the workspace, the open ones as the editor has them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from argolint import config, registry
from argolint.api import Report
from argolint.batch import Input, collect, lint
from argolint.diagnostic import Diagnostic, Edit
from argolint.errors import UserError
from argolint.project.cache import Entries, Store
from argolint.project.discover import Ignore, is_manifest
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.text import SourceText

CONFIGURATIONS = (*config.NAMES, "pyproject.toml", ".argolintignore", ".gitignore")


class Result(NamedTuple):
    """What linting found: the report, the findings of each open document by absolute path, and the files of the workspace."""

    report: Report
    findings: dict[str, list[Diagnostic]]
    inputs: list[Input]


class Workspace:
    """A folder of manifests. Used by one thread at a time; what it knows of unchanged files it keeps."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self.problem = ""
        self.settings = Settings()
        self.rules = registry.Rules()
        self.memory: Entries = {}
        self.store = Store(self.root, "", {}, {})
        self.reload()

    def reload(self) -> None:
        """Read the configuration anew; one that is not valid is told in `problem`, and the defaults are used."""
        self.problem = ""
        self.memory.clear()
        try:
            path = config.find(self.root)
            self.settings = config.load(path) if path else Settings()
            self.settings.root = self.settings.root or self.root
            if self.settings.plugins:
                self.settings.rules = (*self.settings.rules, *registry.plugin_folders())
            self.rules = registry.load(self.settings.rules)
            config.check_names(self.settings, self.rules)
        except UserError as error:
            self.problem = str(error)
            self.settings = Settings()
            self.settings.root = self.root
            self.rules = registry.load()

    def lint(self, open_documents: Mapping[str, str]) -> Result:
        """The findings of every open document (path -> text as the editor has it); the other files are their context.

        As on the command line, a document that is excluded or is no manifest has none.
        """
        opened = {os.path.realpath(path) for path in open_documents}
        inputs = []
        for item in collect([self.root], self.settings, store=self.store, tolerant=True):
            if os.path.realpath(item.path) not in opened:
                item.target = False
                inputs.append(item)
        self.store.stats = {**self.store.seen}
        for path, text in open_documents.items():
            data = text.encode("utf-8", "replace")
            if is_manifest(data, path) and not self._excluded(path):
                inputs.append(Input(path, data, True))
        report = lint(inputs, Plan(self.rules, self.settings), self.settings, memory=self.memory, workers=1)
        if len(self.memory) > 2 * len(inputs) + 200:
            # Each keystroke leaves results of a text that will not come back.
            current = {item.key for item in inputs}
            self.memory = {key: entry for key, entry in self.memory.items() if key in current}
        found: dict[str, list[Diagnostic]] = {path: [] for path in open_documents}
        for finding in report.findings:
            if finding.path in found:
                found[finding.path].append(finding)
        return Result(report, found, inputs)

    def _excluded(self, path: str) -> bool:
        name = os.path.relpath(path, self.settings.root or self.root)
        ignore = Ignore.of_patterns(self.settings.exclude)
        parts = name.split(os.sep)
        folders = [os.sep.join(parts[:n]) for n in range(1, len(parts))]
        return ignore.matches(name, False) or any(ignore.matches(folder, True) for folder in folders)


Position = tuple[int, int]


def position(source: SourceText, offset: int) -> Position:
    """(line, character) of an offset as the protocol counts: both from 0, characters in UTF-16 units."""
    line, column = source.line_col(offset)
    start = source.line_span(line)[0]
    before = source.text[start : start + column - 1]
    return line - 1, len(before.encode("utf-16-le", "surrogatepass")) // 2


def offset(source: SourceText, line: int, character: int) -> int:
    """The inverse of `position`."""
    start, end = source.line_span(line + 1)
    units = 0
    for at in range(start, end):
        if units >= character:
            return at
        units += 2 if ord(source.text[at]) > 0xFFFF else 1
    return end


def difference(before: str, after: str) -> Edit:
    """One edit that makes one text of another, no longer than need be."""
    start = 0
    most = min(len(before), len(after))
    while start < most and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < most - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return Edit(start, len(before) - tail, after[start : len(after) - tail])
