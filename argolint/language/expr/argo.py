"""The functions that Argo adds to the language: asInt, asFloat, toJson, jsonpath, sprig.*."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from argolint.language.expr.functions import to_float, to_int
from argolint.language.expr.hooks import SYSTEM, Hooks
from argolint.language.values import from_json, to_json, type_name


class _Sprig(Mapping[str, Callable[..., Any]]):
    """sprig's functions, loaded at the first use."""

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self.table: Mapping[str, Callable[..., Any]] | None = None

    def load(self) -> Mapping[str, Callable[..., Any]]:
        if self.table is None:
            from argolint.language.sprig import typed_functions

            self.table = typed_functions(self.hooks)
        return self.table

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self.load()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.load())

    def __len__(self) -> int:
        return len(self.load())


def as_int(value: Any) -> int:
    """`asInt`: an int of a number or a decimal string. Raises ValueError."""
    return to_int(value)


def compact_json(value: Any) -> str:
    """`toJson`: compact JSON, unlike `toJSON`."""
    return to_json(value)


def jsonpath(text: Any, path: Any) -> Any:
    """`jsonpath(text, "$.a.b[0]")`: the one value there, or the list of them for a path that may match several."""
    from argolint.language.jsonpath import search

    if not isinstance(text, str) or not isinstance(path, str):
        raise ValueError(f"jsonpath takes two strings, not {type_name(text)} and {type_name(path)}")
    return search(path, from_json(text))


def functions_with(hooks: Hooks) -> Mapping[str, Any]:
    """Argo's functions with a clock and randomness of the caller's."""
    if hooks is SYSTEM:
        return _DEFAULT
    return {**_PLAIN, "sprig": _Sprig(hooks)}


_PLAIN: dict[str, Any] = {"asInt": as_int, "asFloat": to_float, "toJson": compact_json, "jsonpath": jsonpath}
_DEFAULT: dict[str, Any] = {**_PLAIN, "sprig": _Sprig(SYSTEM)}
