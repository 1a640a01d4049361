"""Serve editors: a language server on standard input and output.

It shows findings while you type, with related places; repairs are code actions, and the page of a rule is shown on hover.
Editors start it; it needs `pip install 'argolint[lsp]'`.

examples:
  argolint lsp
"""

from __future__ import annotations

import argparse

from argolint.errors import UserError

HELP = "serve editors: a language server on standard input and output"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`argolint lsp` takes no arguments; editors like to pass --stdio."""
    parser.add_argument(
        "--stdio", action="store_true", help="accepted for editors that pass it; there is no other way"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until the editor ends it."""
    try:
        from argolint.lsp.server import make_server
    except ImportError as error:
        raise UserError("the language server needs pygls", "pip install 'argolint[lsp]'") from error
    make_server().start_io()
    return 0
