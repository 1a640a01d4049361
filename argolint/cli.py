"""The command line of argolint."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from argolint._version import __version__
from argolint.clikit import Command, dispatch, guarded

COMMANDS = {
    "check": Command("argolint.commands.check", "lint manifests (the default command)"),
    "explain": Command("argolint.commands.explain", "say what a rule checks, with examples"),
    "rules": Command("argolint.commands.rules", "list the rules"),
    "config": Command("argolint.commands.config", "show the settings in effect, or write a configuration"),
    "baseline": Command("argolint.commands.baseline", "accept today's findings, so that only new ones count"),
    "rbac": Command(
        "argolint.commands.rbac",
        "print the least RBAC that workflows need, or compare it with what is granted",
    ),
    "graph": Command("argolint.commands.graph", "draw workflows as Mermaid, DOT or SVG"),
    "migrate": Command(
        "argolint.commands.migrate",
        "rewrite fields that another release of Argo Workflows renamed or removed",
    ),
    "lsp": Command("argolint.commands.lsp", "serve editors: a language server on standard input and output"),
    "completion": Command("argolint.commands.completion", "print a completion script for bash, zsh or fish"),
    "test": Command("argolint.commands.test", "run the examples on the pages of your own rules"),
}

EPILOG = """\
`argolint PATH…` is `argolint check PATH…`, and `argolint` alone checks the current folder.

exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage or configuration, 3 internal error, 130 interrupted
"""

_TOP_LEVEL = {"-h", "--help", "--version"}


def main(argv: Sequence[str]) -> int:
    """Run the command that `argv` (without the program name) asks for; its exit code."""
    words = list(argv)
    if not words or (words[0] not in COMMANDS and words[0] not in _TOP_LEVEL):
        words.insert(0, "check")
    return dispatch(
        "argolint", "Finds mistakes in Argo Workflows manifests, with line and column, across files, without a cluster.",
        COMMANDS, words, epilog=EPILOG, version=__version__,
    )  # fmt: skip


def entry() -> None:
    """The console script."""
    gc.disable()  # trees of small objects, all of them alive until the end: collecting finds nothing
    sys.exit(guarded("argolint", main))
