"""govaluate: `when` against a table and an oracle; conditions with variables."""

from __future__ import annotations

import operator
import random
from typing import Any

import pytest

from argolint.language.errors import LanguageError
from argolint.language.govaluate import evaluate_condition, evaluate_when
from tests.argolint.language.tables import Case, failure, is_inside, read

CASES = read("when.table")


@pytest.mark.parametrize("case", CASES, ids=[case.source[:60] or "(empty)" for case in CASES])
def test_table(case: Case) -> None:
    if case.error is None:
        assert evaluate_when(case.source) is case.value
        return
    with pytest.raises(LanguageError) as caught:
        evaluate_when(case.source)
    assert case.error in caught.value.message
    assert 0 <= caught.value.start <= caught.value.end <= len(case.source)
    if case.span is not None:
        assert (caught.value.start, caught.value.end) == case.span


_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _comparison(rng: random.Random) -> tuple[str, bool]:
    if rng.random() < 0.5:
        left, right = (rng.choice("abcd") + rng.choice(["", "1", "x"]) for _ in range(2))
        op = rng.choice(list(_COMPARE))
        shown = [rng.choice([one, f"'{one}'", f'"{one}"']) for one in (left, right)]
        return f"{shown[0]} {op} {shown[1]}", _COMPARE[op](left, right)
    low, high = rng.randint(0, 20), rng.randint(0, 20)
    op, sign = rng.choice(list(_COMPARE)), rng.choice("+-*")
    value = {"+": low + 3, "-": low - 3, "*": low * 3}[sign]
    return f"{low} {sign} 3 {op} {high}", _COMPARE[op](value, high)


def _formula(rng: random.Random, depth: int) -> tuple[str, bool]:
    if depth == 0 or rng.random() < 0.3:
        return _comparison(rng)
    kind = rng.choice(["&&", "||", "!", "()", "in"])
    if kind == "!":
        text, value = _formula(rng, depth - 1)
        return f"!({text})", not value
    if kind == "()":
        text, value = _formula(rng, depth - 1)
        return f"({text})", value
    if kind == "in":
        needle, names = rng.choice("abc"), [rng.choice("abcd") for _ in range(rng.randint(2, 4))]
        return f"{needle} in ({', '.join(names)})", needle in names
    (left, a), (right, b) = _formula(rng, depth - 1), _formula(rng, depth - 1)
    if kind == "&&":
        return f"({left}) && ({right})", a and b
    return f"({left}) || ({right})", a or b


@pytest.mark.parametrize("seed", range(300))
def test_generated_conditions_agree_with_the_oracle(seed: int) -> None:
    text, expected = _formula(random.Random(seed), 3)
    assert evaluate_when(text) is expected


@pytest.mark.parametrize("seed", range(100))
def test_and_binds_tighter_than_or(seed: int) -> None:
    rng = random.Random(seed)
    terms = [_comparison(rng) for _ in range(rng.randint(2, 6))]
    ops = [rng.choice(["&&", "||"]) for _ in terms[1:]]
    text = terms[0][0] + "".join(f" {op} {term}" for op, (term, _) in zip(ops, terms[1:]))
    groups: list[bool] = [terms[0][1]]
    for op, (_, value) in zip(ops, terms[1:]):
        if op == "||":
            groups.append(value)
        else:
            groups[-1] = groups[-1] and value
    assert evaluate_when(text) is any(groups)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("a == 'x'", {"a": "x"}, True),
        ("n > 2", {"n": 3}, True),
        ("n + 1 == 4", {"n": 3}, True),
        ("[cronworkflow.name] == 'c'", {"cronworkflow": {"name": "c"}}, True),
        ("foo.Bar == 1", {"foo": {"Bar": 1}}, True),
        ("a == b", {"a": 1.0, "b": 1}, True),
        ("x in (1, y)", {"x": 2, "y": 2}, True),
    ],
)
def test_conditions_with_variables(text: str, variables: dict[str, Any], expected: bool) -> None:
    assert evaluate_condition(text, variables) is expected


def test_a_bare_word_of_a_condition_is_a_variable() -> None:
    with pytest.raises(LanguageError) as caught:
        evaluate_condition("a == b", {"a": "b"})
    assert caught.value.message == "no parameter 'b' found"
    assert (caught.value.start, caught.value.end) == (5, 6)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "true" + ")" * 3000,
        "1" + "+1" * 5000 + " > 0",
        "!" * 500,
        "a" * 300_000,
        "'a' =~ '(a*)*b'",
    ],
)
def test_bombs_are_refused_or_harmless(text: str) -> None:
    error = failure(lambda: evaluate_when(text))
    assert is_inside(error, text)
