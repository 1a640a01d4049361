"""Regular expressions that are compiled when they are first used.

Compiling takes a hundred times as long as most searches, and a run that looks at one file uses few of the patterns there are.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Lazy:
    """Stands for a compiled pattern; its methods become attributes of this object at the first use."""

    def __init__(self, source: str | bytes, number: int) -> None:
        self._source = source
        self._number = number

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled = re.compile(self._source, self._number)
        for method in ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn"):
            setattr(self, method, getattr(compiled, method))
        for attribute in ("pattern", "flags", "groups", "groupindex"):
            setattr(self, attribute, getattr(compiled, attribute))
        return getattr(compiled, name)


def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile(pattern, flags)` gives, for all that its methods do, but compiled at the first use.

    An error in the pattern is raised then, as `re.error`.
    """
    return cast("re.Pattern[AnyStr]", _Lazy(pattern, flags))
