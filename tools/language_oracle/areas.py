"""What is asked, by area."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from argolint.language import govaluate, sprig
from argolint.language.expr import evaluate, fixed
from argolint.language.expr.names import BUILTINS
from argolint.language.scope import function_table
from tools.language_oracle import generate, more
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
    hooks = fixed(time.time_ns(), "seed")
    return Question(
        area,
        {"op": "expr", "source": source, "env": env, "argo": argo},
        lambda: evaluate(source, env, functions=functions, hooks=hooks),
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


# Random by nature, or dependent on the clock or the machine: only shown to be without crashes elsewhere.
_CLOCK = ("now", "date", "htmlDate", "buildCustomCert", "derivePassword")
_UNSTABLE = (
    "now(",
    "uuid",
    "rand",
    "shuffle",
    "htpasswd",
    "bcrypt",
    "gen",
    "encryptAES",
    "getHostByName",
    "ago",
    "unixEpoch",
)


def expr_grammar(seed: int, count: int) -> Iterator[Question]:
    """Expressions grown from the grammar."""
    rng = random.Random(seed)
    for _ in range(count):
        source = generate.expression(rng, rng.randint(1, 3))
        if not any(word in source for word in _UNSTABLE):
            yield expr_question("grammar", source, generate.ENV, argo=False)


def expr_calls(seed: int, count: int) -> Iterator[Question]:
    """Every function with arguments of every kind, and a few too many or too few of them."""
    rng = random.Random(seed)
    names = sorted(BUILTINS - {"now"})
    for index in range(count):
        source = generate.call(rng, lambda: generate.atom(rng), [names[index % len(names)]])
        yield expr_question("calls", source, generate.ENV, argo=False)


def sprig_calls(seed: int, count: int) -> Iterator[Question]:
    """Every function of sprig that gives the same each time, with arguments of every kind."""
    rng = random.Random(seed)
    names = [name for name in sorted(sprig.names()) if not name.startswith(_UNSTABLE) and name not in _CLOCK]
    for index in range(count):
        name = names[index % len(names)]
        for _ in range(8):
            parts = [
                generate.sprig_argument(rng, name) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4)))
            ]
            low, high = sprig_arity(name)
            if (low <= len(parts) and (high is None or len(parts) <= high)) or rng.random() < 0.02:
                break
        yield expr_question("sprig", f"sprig.{name}({', '.join(parts)})", generate.ENV)


def sprig_arity(name: str) -> tuple[int, int | None]:
    """The fewest and the most arguments that a function of sprig takes."""
    row = function_table()["sprig"][name]
    return row[0], row[1]


def expr_mutations(seed: int, count: int) -> Iterator[Question]:
    """Rows of the table with tokens lost, doubled, swapped."""
    rng = random.Random(seed)
    sources = [one for one in table_sources("expr.table") if len(one) < 120]
    for _ in range(count):
        source = generate.mutation(rng, rng.choice(sources), sources)
        if not any(word in source for word in _UNSTABLE):
            yield expr_question("mutations", source, ENV)


AREAS: dict[str, Callable[[int, int], Iterator[Question]]] = {
    "expr-tables": expr_tables,
    "expr-grammar": expr_grammar,
    "expr-calls": expr_calls,
    "expr-mutations": expr_mutations,
    "sprig": sprig_calls,
    "when-tables": when_tables,
    **more.AREAS,
}
