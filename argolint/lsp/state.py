"""What the language server knows: the files of the workspace, the open ones as the editor has them."""

from __future__ import annotations

import os

from argolint import config, registry
from argolint.api import Report
from argolint.batch import Input, collect, lint
from argolint.diagnostic import Diagnostic
from argolint.errors import UserError
from argolint.project.cache import Entries
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.text import SourceText


class Workspace:
    """A folder with open documents. `open` is path -> text as the editor has it."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.open: dict[str, str] = {}
        self.memory: Entries = {}
        self.problem = ""
        self.settings = Settings()
        self.rules = registry.Rules()
        self.report: Report | None = None
        self.reload()

    def reload(self) -> None:
        """Read the configuration anew; one that is not valid is told in `problem`, and the defaults are used."""
        self.problem = ""
        self.memory.clear()
        try:
            path = config.find(self.root)
            self.settings = config.load(path) if path else Settings()
            self.settings.root = self.settings.root or self.root
            self.rules = registry.load(self.settings.rules)
            config.check_names(self.settings, self.rules)
        except UserError as error:
            self.problem = str(error)
            self.settings = Settings()
            self.settings.root = self.root
            self.rules = registry.load()

    def lint(self) -> dict[str, list[Diagnostic]]:
        """The findings of every open document, by absolute path; the other files of the workspace are its context."""
        context = [
            item
            for item in collect([self.root], self.settings)
            if os.path.realpath(item.path) not in self._open()
        ]
        inputs = [Input(item.path, item.data, False) for item in context]
        inputs += [Input(path, text.encode("utf-8", "replace"), True) for path, text in self.open.items()]
        plan = Plan(self.rules, self.settings)
        self.report = lint(inputs, plan, self.settings, memory=self.memory, workers=1)
        found: dict[str, list[Diagnostic]] = {path: [] for path in self.open}
        for item in self.report.findings:
            if item.path in found:
                found[item.path].append(item)
        return found

    def _open(self) -> set[str]:
        return {os.path.realpath(path) for path in self.open}


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
