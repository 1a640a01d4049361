"""`python -m tools.language_oracle.record`: keep generated questions with the Go libraries' answers as tables of the tests.

The tests then compare with the real libraries on machines that have no Go. Questions are drawn by a fixed seed; two of three have a
value. What is known to differ (`docs/architecture.md`) is left out and counted.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from argolint.language import depends, govaluate
from tools.language_oracle import areas, generate
from tools.language_oracle.oracle import Outcome, Question, compare

FOLDER = areas.TABLES / "recorded"
SEED = 20
# Table: the areas it is drawn from, and how many questions of each are kept.
TABLES: dict[str, tuple[tuple[str, ...], int]] = {
    "expr": (("expr-grammar", "expr-calls", "expr-mutations", "sprig"), 500),
    "when": (("when",), 600),
    "depends": (("depends",), 300),
}
ENVIRONMENTS: dict[str, dict[str, Any]] = {"tables": areas.ENV, "generated": generate.ENV}


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of one table: what was asked, and `value` in tagged form or the `error` of the library."""
    sources, each = TABLES[name]
    seen: set[str] = set()
    for area in sources:
        outcomes = [one for one in compare(areas.AREAS[area](SEED, each * 6)) if not one.question.unordered]
        fresh = [one for one in outcomes if _is_new(one, seen)]
        different = [one for one in fresh if not one.equal]
        if different:
            print(f"{area}: {len(different)} of {len(fresh)} differ and are left out")
        good = [one for one in fresh if one.equal]
        with_value = [one for one in good if one.theirs[0] == "value"][: each * 2 // 3]
        without = [one for one in good if one.theirs[0] != "value"][: each - len(with_value)]
        for one in itertools.chain(with_value, without):
            yield row(one)


def _is_new(outcome: Outcome, seen: set[str]) -> bool:
    text = json.dumps(outcome.question.fields, sort_keys=True)
    if text in seen or len(text) > 4000:
        return False
    seen.add(text)
    return True


def row(outcome: Outcome) -> dict[str, Any]:
    """One outcome as a row; an environment that all of an area share is named, not repeated."""
    fields = dict(outcome.question.fields)
    for name, env in ENVIRONMENTS.items():
        if fields.get("env") == env:
            fields["env"] = name
    stage, answer = outcome.theirs
    return {**fields, "value": answer} if stage == "value" else {**fields, "error": stage}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name in TABLES:
        path = FOLDER / f"{name}.jsonl"
        lines = [json.dumps(one, ensure_ascii=False, sort_keys=True) for one in rows(name)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{path.relative_to(Path.cwd())}: {len(lines)} rows")
    return 0


def ask_again(one: dict[str, Any]) -> Question:
    """The question that a row of a kept table asks."""
    source, env = one["source"], one.get("env")
    if isinstance(env, str):
        env = ENVIRONMENTS[env]
    if one["op"] == "expr":
        return areas.expr_question("recorded", source, env, one["argo"])
    if one["op"] == "when":
        return areas.when_question("recorded", source)
    if one["op"] == "depends":
        return Question("recorded", one, lambda: depends.evaluate(depends.parse(source), env))
    return Question(
        "recorded", one, lambda: govaluate.evaluate(govaluate.parse(source, bare_words=False), env)
    )


if __name__ == "__main__":
    raise SystemExit(main())
