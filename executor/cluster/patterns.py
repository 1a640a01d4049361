"""Regular expressions of CustomResourceDefinitions, as RE2 reads them: in time linear to the text, as upstream's."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

_QUIET: Final = re2.Options()
_QUIET.log_errors = False
_MAX_LENGTH: Final = 10_000


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The pattern, for its `search`. ValueError when it is none, or needs too much memory."""
    if len(pattern) > _MAX_LENGTH:
        raise ValueError(f"the expression is longer than {_MAX_LENGTH} characters")
    try:
        return re2.compile(pattern, _QUIET)
    except re2.error as error:
        told = error.args[0] if error.args else ""
        raise ValueError(told.decode(errors="replace") if isinstance(told, bytes) else str(told)) from None
