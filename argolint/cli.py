"""The command line of argolint."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from argolint._version import __version__
from argolint.clikit import dispatch, guarded
from argolint.commands.table import COMMANDS

EPILOG = """\
`argolint PATH…` is `argolint check PATH…`, and `argolint` alone checks the current folder.
`argolint COMMAND --help` has the options and examples of a command.

exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage or configuration, 3 internal error, 130 interrupted
"""

_TOP_LEVEL = {"-h", "--help", "-V", "--version"}


def main(argv: Sequence[str]) -> int:
    """Run the command that `argv` (without the program name) asks for; its exit code."""
    words = list(argv)
    asks_for_help = words[:1] == ["help"] and not os.path.exists("help")
    if not words or (words[0] not in COMMANDS and words[0] not in _TOP_LEVEL and not asks_for_help):
        words.insert(0, "check")
    return dispatch(
        "argolint", "Finds mistakes in Argo Workflows manifests, with line and column, across files, without a cluster.",
        COMMANDS, words, epilog=EPILOG, version=__version__,
    )  # fmt: skip


def entry() -> None:
    """The console script."""
    gc.disable()  # trees of small objects, all of them alive until the end: collecting finds nothing
    sys.exit(guarded("argolint", main))
