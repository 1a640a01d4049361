"""A secret as a reference: the name of a variable, or a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from argolint.errors import UserError


@dataclass(frozen=True)
class Secret:
    """Where a secret is; read each time it is needed, so that a rotated one is picked up."""

    env: str = ""
    file: str = ""

    def read(self) -> str:
        """The secret's text. Raises UserError naming the variable or the file, never the value."""
        if self.env:
            value = os.environ.get(self.env, "")
            if not value:
                raise UserError(
                    f"the environment variable {self.env} is not set",
                    "set it, or change the configuration that names it",
                )
            return value
        try:
            value = Path(self.file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UserError(f"{self.file}: {reason}", "put the secret into this file") from error
        if not value:
            raise UserError(f"{self.file}: the file is empty", "put the secret into this file")
        return value
