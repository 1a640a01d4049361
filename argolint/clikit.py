"""What the three command lines share: lazily imported commands, and errors mapped to exit codes.

A command is a module with `HELP` (one line), `add_arguments(parser)` and `run(args) -> int`.
Only the module of the command that was asked for is imported, so start-up stays short.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from argolint.errors import UserError

EXIT_OK = 0
EXIT_USAGE = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 130

# The base install is the linter alone; the other tools need an extra.
_EXTRAS = {"argosync": "sync", "argorun": "run"}
_OURS = frozenset({"argolint", "executor", "reconciler"})


class Command:
    """A verb of a command line. `module` is imported only when the verb is used."""

    __slots__ = ("help", "module")

    def __init__(self, module: str, help: str) -> None:
        self.module = module
        self.help = help


class _Parser(argparse.ArgumentParser):
    """Says what is wrong and where help is; a screen of usage would hide it."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with 2."""
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n  `{self.prog} --help` lists what there is\n")


def dispatch(
    prog: str,
    description: str,
    commands: Mapping[str, Command],
    argv: Sequence[str],
    *,
    epilog: str = "",
    version: str = "",
) -> int:
    """Parse `argv` (without the program name), run the command it names, and return its exit code.

    Usage errors exit with 2, as argparse does.
    """
    parser = _Parser(
        prog=prog,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if version:
        parser.add_argument("--version", action="version", version=f"{prog} {version}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    chosen = next((word for word in argv if not word.startswith("-")), None)
    module = None
    for name, command in commands.items():
        if name == chosen:
            module = importlib.import_module(command.module)
            sub = verbs.add_parser(
                name,
                help=command.help,
                description=module.__doc__,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            module.add_arguments(sub)
        else:
            verbs.add_parser(name, help=command.help, add_help=False)
    args = parser.parse_args(list(argv))
    assert module is not None  # argparse has refused every verb that is not in the table
    result: int = module.run(args)
    return result


def guarded(prog: str, main: Callable[[Sequence[str]], int], argv: Sequence[str] | None = None) -> int:
    """Run `main` and turn whatever it raises into one clear message and an exit code.

    UserError gives its own code, ^C gives 130, a closed pipe ends quietly, and anything else is an
    internal error (3), with a traceback only when ARGOLINT_TRACEBACK is set.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        code = main(words)
        try:
            if not sys.stdout.closed:  # a server may have closed it with its connection
                sys.stdout.flush()
        except BrokenPipeError:
            _drop_stdout()
        return code
    except UserError as error:
        print(f"{prog}: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"{prog}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return EXIT_OK
    except SystemExit:
        raise
    except Exception as error:
        if os.environ.get("ARGOLINT_TRACEBACK"):
            raise
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            print(f"{prog}: error: what it writes to is full: {error}", file=sys.stderr)
            _drop_stdout()
            return EXIT_USAGE
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
        if prog in _EXTRAS and missing and missing.partition(".")[0] not in _OURS:
            print(
                f"{prog}: error: the Python package `{missing.partition('.')[0]}` is not installed",
                file=sys.stderr,
            )
            print(f"  {prog} needs it: pip install 'argolint[{_EXTRAS[prog]}]'", file=sys.stderr)
            return EXIT_USAGE
        print(f"{prog}: internal error: {type(error).__name__}: {error}", file=sys.stderr)
        print(
            "  this is a bug; run again with ARGOLINT_TRACEBACK=1 to see where it happened", file=sys.stderr
        )
        return EXIT_INTERNAL


def _drop_stdout() -> None:
    """The reader has gone (`argolint … | head`); point stdout at nothing so that exit stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Give a program that was started with closed standard streams (`>&-`) ones that lead nowhere."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
