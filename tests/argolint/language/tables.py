"""Reads the case tables beside this file: `source => JSON value` or `source =>! part of the message [@start-end]`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError

HERE = Path(__file__).resolve().parent


class Case(NamedTuple):
    """`error` is None for a case with a value."""

    source: str
    value: Any
    error: str | None
    span: tuple[int, int] | None


def read(name: str) -> list[Case]:
    """All cases of a table."""
    cases: list[Case] = []
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if (
            not line
            or (line.startswith("#") and " => " not in line and " =>! " not in line)
            or line.startswith("##")
        ):
            continue
        if line.startswith("# source"):
            continue
        if " =>! " in line:
            source, _, rest = line.partition(" =>! ")
            found = re.fullmatch(r"(.*?)(?: @(\d+)-(\d+))?", rest)
            assert found is not None
            span = (int(found[2]), int(found[3])) if found[2] else None
            cases.append(Case(source, None, found[1], span))
        else:
            source, arrow, rest = line.rpartition(" => ")
            assert arrow, line
            cases.append(Case(source, json.loads(rest), None, None))
    return cases


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from 1.0 and from true."""
    if _kind(left) is not _kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def _kind(value: Any) -> type:
    """The plain type of a value: the languages have lists, maps and numbers of several kinds."""
    return next((kind for kind in (bool, int, list, dict) if isinstance(value, kind)), type(value))


def failure(work: Callable[[], Any]) -> LanguageError | None:
    """The LanguageError that `work` raises, None if it raises nothing; any other exception goes through."""
    try:
        work()
    except LanguageError as error:
        return error
    return None


def is_inside(error: LanguageError | None, text: str) -> bool:
    """Whether the place of an error lies in its text."""
    return error is None or 0 <= error.start <= error.end <= len(text)
