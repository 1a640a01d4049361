"""`depends`: syntax against a table, evaluation against a truth table of its own."""

from __future__ import annotations

import random

import pytest

from argolint.language import depends
from argolint.language.errors import LanguageError
from tests.argolint.language.tables import Case, read

CASES = read("depends.table")
CONTINUE = {"cf": ("Failed",), "ce": ("Errored",), "cb": ("Failed", "Errored")}


@pytest.mark.parametrize("case", CASES, ids=[case.source or "(empty)" for case in CASES])
def test_table(case: Case) -> None:
    if case.error is None:
        assert depends.expand(depends.parse(case.source), CONTINUE) == case.value
        return
    with pytest.raises(LanguageError) as caught:
        depends.parse(case.source)
    assert case.error in caught.value.message
    assert 0 <= caught.value.start <= caught.value.end <= len(case.source)
    if case.span is not None:
        assert (caught.value.start, caught.value.end) == case.span


def _formula(rng: random.Random, depth: int, results: dict[str, set[str]]) -> tuple[str, bool]:
    if depth == 0 or rng.random() < 0.25:
        name = rng.choice(list(results))
        if rng.random() < 0.4:
            wanted = {"Succeeded", "Skipped", "Daemoned", *CONTINUE.get(name, ())}
            return name, bool(wanted & results[name])
        result = rng.choice(depends.RESULTS)
        return f"{name}.{result}", result in results[name]
    kind = rng.choice(["&&", "||", "!"])
    if kind == "!":
        text, value = _formula(rng, depth - 1, results)
        return f"!({text})", not value
    (left, a), (right, b) = _formula(rng, depth - 1, results), _formula(rng, depth - 1, results)
    space = rng.choice(["", " ", "  "])
    return f"({left}){space}{kind}{space}({right})", (a and b) if kind == "&&" else (a or b)


@pytest.mark.parametrize("seed", range(200))
def test_generated_formulas_agree_with_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    names = ["a", "b-2", "c_3", "cf", "cb", "9z"]
    results = {name: set(rng.sample(depends.RESULTS, rng.randint(0, 3))) for name in names}
    text, expected = _formula(rng, 3, results)
    assert depends.evaluate(depends.parse(text), results, CONTINUE) is expected


@pytest.mark.parametrize("seed", range(40))
def test_and_binds_tighter_than_or(seed: int) -> None:
    rng = random.Random(seed)
    flags = [rng.random() < 0.5 for _ in range(rng.randint(2, 6))]
    ops = [rng.choice(["&&", "||"]) for _ in flags[1:]]
    results = {f"t{index}": {"Succeeded"} if flag else {"Failed"} for index, flag in enumerate(flags)}
    text = "t0" + "".join(f" {op} t{index}" for index, op in enumerate(ops, 1))
    groups = [flags[0]]
    for op, flag in zip(ops, flags[1:]):
        if op == "||":
            groups.append(flag)
        else:
            groups[-1] = groups[-1] and flag
    assert depends.evaluate(depends.parse(text), results) is any(groups)


def test_names_and_positions() -> None:
    parsed = depends.parse("b.Failed && (a || b)")
    assert parsed.names == ("b", "a")
    assert parsed.tasks == (
        depends.Task("b", "Failed", 0, 8),
        depends.Task("a", "", 13, 14),
        depends.Task("b", "", 18, 19),
    )


def test_dependencies_are_a_conjunction() -> None:
    assert depends.from_dependencies(["a", "b"]).source == "a && b"


def test_results_may_be_a_mapping_of_flags() -> None:
    assert depends.evaluate(depends.parse("a"), {"a": {"Succeeded": True}}) is True
    assert depends.evaluate(depends.parse("a"), {"a": {"Succeeded": False}}) is False


def test_an_unknown_task_is_an_error_at_its_place() -> None:
    with pytest.raises(LanguageError) as caught:
        depends.evaluate(depends.parse("a || bb"), {"a": set()})
    assert (caught.value.message, caught.value.start, caught.value.end) == ("task 'bb' is not defined", 5, 7)


def test_hyphen_and_underscore_collide() -> None:
    assert depends.collisions(["a-b", "c", "a_b", "a-b"]) == [("a-b", "a_b")]


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(LanguageError, match="nested too deeply"):
        depends.parse("(" * 5000 + "a" + ")" * 5000)
