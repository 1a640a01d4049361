"""The functions of sprig v3, as expressions reach them (`sprig.trim(x)`) and Go templates by their bare names.

Source of behaviour: sprig's documentation. `env` and `expandenv` are left out as upstream does; `getHostByName` is
refused, since evaluation does no I/O. Each raises ValueError (or TypeError for a wrong number of arguments).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from argolint.language.expr.hooks import Hooks


@lru_cache(maxsize=64)
def functions(hooks: Hooks) -> Mapping[str, Callable[..., Any]]:
    """All functions by name; `hooks` gives them their clock and randomness."""
    from argolint.language.sprig import collections, crypto, dates, general, numbers, strings

    table: dict[str, Callable[..., Any]] = {}
    for module in (strings, numbers, collections, dates, general, crypto):
        table.update(module.table(hooks))
    return table


@lru_cache(maxsize=64)
def typed_functions(hooks: Hooks) -> Mapping[str, Callable[..., Any]]:
    """As `functions`, for expressions: each looks at the types of its arguments as Go's reflection does."""
    from argolint.language.sprig.calls import typed

    return {name: typed(name, function) for name, function in functions(hooks).items()}


def names() -> frozenset[str]:
    """The names of all functions."""
    from argolint.language.expr.hooks import SYSTEM

    return frozenset(functions(SYSTEM))
