"""What can go wrong between here and a repository."""

from __future__ import annotations

from argolint.errors import UserError


class SourceError(UserError):
    """A source cannot be read. `reason` is one CamelCase word for status and logs.

    `transient` says whether waiting may help (a server that does not answer) or a person must act (a wrong token).
    """

    def __init__(self, reason: str, message: str, remedy: str = "", *, transient: bool = False) -> None:
        super().__init__(message, remedy, exit_code=1)
        self.reason = reason
        self.transient = transient
