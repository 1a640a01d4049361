"""Errors that a person at a terminal is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can put right: bad usage, bad configuration, an input that cannot be read.

    `message` names the place and what is wrong there, `remedy` (may be empty) says what to do.
    A command line prints both and exits with `exit_code`; a traceback is never shown for it.
    """

    def __init__(self, message: str, remedy: str = "", *, exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message
