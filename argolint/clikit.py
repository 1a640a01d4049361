"""What the three command lines share: lazily imported commands, and errors mapped to exit codes.

A command is a module with `HELP` (one line), `add_arguments(parser)` and `run(args) -> int`.
Only the module of the command that was asked for is imported, so start-up stays short.
"""

from __future__ import annotations

import argparse
import errno
import functools
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

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

    def error(self, message: str, near: str = "") -> NoReturn:
        """Print the message, with a suggestion when there is one, and exit with 2."""
        remedy = f"did you mean `{near}`?" if near else f"`{self.prog} --help` lists what there is"
        self.exit(EXIT_USAGE, f"{self.prog}: error: {message}\n  {remedy}\n")

    def refuse(self, words: Sequence[str]) -> NoReturn:
        """Say that nothing is known of these arguments, and which option comes near."""
        wrong = next((word.partition("=")[0] for word in words if word.startswith("-")), "")
        near = _near(wrong, self._option_string_actions) if wrong else ""
        self.error(f"unrecognized arguments: {' '.join(words)}", near)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            near = _near(str(value), [str(choice) for choice in action.choices or ()])
            if not near:
                raise
            self.error(str(error), near)


class _Help(argparse.RawDescriptionHelpFormatter):
    """argparse makes a formatter for every argument, and its own way to learn the width imports shutil and all that packs."""

    def __init__(self, prog: str, **named: Any) -> None:
        named.setdefault("width", columns() - 2)
        super().__init__(prog, **named)


@functools.cache
def columns() -> int:
    """How wide the terminal is: as COLUMNS says, as it says itself, or 80 (as shutil.get_terminal_size finds)."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80 if sys.__stdout__ else 80
    except (OSError, ValueError):
        return 80


def _near(word: str, candidates: Iterable[str]) -> str:
    from argolint.project.index import suggest

    return suggest(word, candidates)


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
        formatter_class=_Help,
    )
    if version:
        parser.add_argument("-V", "--version", action="version", version=f"{prog} {version}")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", required=True)
    if argv[:1] == ["help"] and "help" not in commands:
        argv = [*argv[1:2], "--help"]
    chosen = next((word for word in argv if not word.startswith("-")), None)
    module = None
    asked = parser
    for name, command in commands.items():
        if name == chosen:
            module = importlib.import_module(command.module)
            sub = verbs.add_parser(
                name,
                help=command.help,
                description=module.__doc__,
                formatter_class=_Help,
            )
            module.add_arguments(sub)
            asked = sub
        else:
            verbs.add_parser(name, help=command.help, add_help=False)
    args, unknown = parser.parse_known_args(list(argv))
    if unknown:
        asked.refuse(unknown)
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
    """Give a program that was started with closed standard streams (`>&-`) ones that lead nowhere.

    What cannot be encoded for this terminal is shown as an escape rather than crashing.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
