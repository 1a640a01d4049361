"""What is asked, by area."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from argolint.language import govaluate
from argolint.language.expr import evaluate
from tools.language_oracle.oracle import Question

TABLES = Path(__file__).resolve().parents[2] / "tests" / "argolint" / "language"
ENV: dict[str, Any] = {
    "x": 5,
    "n": None,
    "m": {"a": 1, "my-key": "dashed", "nested": {"b": "deep"}, "not": "word"},
    "list": [1, 2, 3],
    "objects": [{"name": "a", "size": 1}, {"name": "b", "size": 2}, {"name": "c", "size": 3}],
    "a": 1,
    "b": 2,
    "c": 3,
}
_ORDER = ("keys", "values", "toPairs", "toString", "pick", "omit", "random", "shuffle")


def expr_question(area: str, source: str, env: dict[str, Any], argo: bool = True) -> Question:
    """One expression in an environment, with Argo's functions or without."""
    functions: dict[str, Any] | None = None if argo else {}
    return Question(
        area,
        {"op": "expr", "source": source, "env": env, "argo": argo},
        lambda: evaluate(source, env, functions=functions),
        any(word in source for word in _ORDER),
    )


def when_question(area: str, source: str) -> Question:
    """One `when` of a step."""
    return Question(area, {"op": "when", "source": source}, lambda: govaluate.evaluate_when(source))


def table_sources(name: str) -> list[str]:
    """The sources of a case table of the tests."""
    found: list[str] = []
    for line in (TABLES / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("##", "# source")):
            continue
        if " =>! " in line:
            found.append(line.partition(" =>! ")[0])
        elif " => " in line:
            found.append(line.rpartition(" => ")[0])
    return found


def expr_tables(seed: int, count: int) -> Iterator[Question]:
    """Every row of the tables of expressions."""
    for name in ("expr.table", "sprig.table"):
        for source in table_sources(name):
            yield expr_question("tables", source, ENV)


def when_tables(seed: int, count: int) -> Iterator[Question]:
    """Every row of the table of conditions."""
    for source in table_sources("when.table"):
        yield when_question("when", source)


def from_file(path: Path) -> Iterator[Question]:
    """Questions of a file: each line a JSON object with `source`, and `env`, `op`, `argo` if need be."""
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        if one.get("op", "expr") == "when":
            yield when_question(path.name, one["source"])
        else:
            yield expr_question(path.name, one["source"], one.get("env") or {}, one.get("argo", True))


AREAS: dict[str, Callable[[int, int], Iterator[Question]]] = {
    "expr-tables": expr_tables,
    "when-tables": when_tables,
}
