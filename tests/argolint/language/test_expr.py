"""expr-lang: evaluation against tables, and against an oracle of its own on generated expressions."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from argolint.language.errors import LanguageError
from argolint.language.expr import evaluate, fixed, parse
from tests.argolint.language.tables import Case, failure, is_inside, read, same

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
HOOKS = fixed(1_700_000_000_000_000_000, "seed")
CASES = read("expr.table") + read("sprig.table")


@pytest.mark.parametrize("case", CASES, ids=[case.source[:60] for case in CASES])
def test_table(case: Case) -> None:
    if case.error is None:
        found = evaluate(case.source, ENV, hooks=HOOKS)
        assert same(found, case.value), found
        return
    with pytest.raises(LanguageError) as caught:
        evaluate(case.source, ENV, hooks=HOOKS)
    assert case.error in caught.value.message
    assert 0 <= caught.value.start <= caught.value.end <= len(case.source)
    if case.span is not None:
        assert (caught.value.start, caught.value.end) == case.span


# An oracle of its own: operators by a shunting yard on the values themselves.

_LEVELS = {
    "or": 10,
    "and": 15,
    "==": 20,
    "!=": 20,
    "<": 20,
    ">": 20,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
}


def _apply(op: str, left: Any, right: Any) -> Any:
    if op == "/":
        if right == 0:
            return math.nan if left == 0 else math.copysign(math.inf, left)
        return left / right
    if op == "%":
        return int(math.fmod(left, right))
    if op == "**":
        try:
            return float(left) ** right
        except ZeroDivisionError:
            return math.inf
    table = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        ">": lambda a, b: a > b,
        "and": lambda a, b: a and b,
        "or": lambda a, b: a or b,
    }
    return table[op](left, right)


def _reduce(values: list[Any], operators: list[str]) -> Any:
    """The value of `v0 op0 v1 op1 …` by precedence; `**` associates to the right."""
    output: list[Any] = [values[0]]
    stack: list[str] = []

    def pop() -> None:
        right, left = output.pop(), output.pop()
        output.append(_apply(stack.pop(), left, right))

    for op, value in zip(operators, values[1:]):
        while stack and (
            _LEVELS[stack[-1]] > _LEVELS[op] or (_LEVELS[stack[-1]] == _LEVELS[op] and op != "**")
        ):
            pop()
        stack.append(op)
        output.append(value)
    while stack:
        pop()
    return output[0]


def _arithmetic(seed: int) -> tuple[str, Any]:
    rng = random.Random(seed)
    count = rng.randint(2, 7)
    values = [rng.choice([rng.randint(1, 9), round(rng.uniform(0.5, 9), 2)]) for _ in range(count)]
    operators = [rng.choice(["+", "-", "*", "/", "**"]) for _ in range(count - 1)]
    operators = [op if op != "**" or rng.random() < 0.3 else "+" for op in operators]
    text = repr(values[0]) + "".join(f" {op} {value!r}" for op, value in zip(operators, values[1:]))
    return text, _reduce(values, operators)


def _integers(seed: int) -> tuple[str, Any]:
    rng = random.Random(seed)
    count = rng.randint(2, 6)
    values = [rng.randint(1, 50) for _ in range(count)]
    operators = [rng.choice(["+", "-", "*", "%"]) for _ in range(count - 1)]
    text = str(values[0]) + "".join(f"{op}{value}" for op, value in zip(operators, values[1:]))
    return text, _reduce(values, operators)


def _logic(seed: int) -> tuple[str, Any]:
    rng = random.Random(seed)
    parts: list[str] = []
    values: list[bool] = []
    for _ in range(rng.randint(2, 6)):
        left, right, op = rng.randint(1, 4), rng.randint(1, 4), rng.choice(["==", "!=", "<", ">"])
        negated = rng.random() < 0.3
        value = bool(_apply(op, left, right))
        parts.append(f"not ({left} {op} {right})" if negated else f"{left} {op} {right}")
        values.append(not value if negated else value)
    operators = [rng.choice(["and", "or", "&&", "||"]) for _ in values[1:]]
    plain = [{"&&": "and", "||": "or"}.get(op, op) for op in operators]
    text = parts[0] + "".join(f" {op} {part}" for op, part in zip(operators, parts[1:]))
    return text, _reduce(values, plain)


def _lists(seed: int) -> tuple[str, Any]:
    rng = random.Random(seed)
    items = [rng.randint(0, 9) for _ in range(rng.randint(0, 8))]
    pivot, factor = rng.randint(0, 9), rng.randint(1, 4)
    text, value = str(items), list(items)
    for _ in range(rng.randint(1, 4)):
        step = rng.choice(["filter", "map", "sort", "reverse", "uniq", "take", "slice"])
        if step == "filter":
            text, value = f"filter({text}, # > {pivot})", [one for one in value if one > pivot]
        elif step == "map":
            text, value = f"({text} | map(# * {factor}))", [one * factor for one in value]
        elif step == "sort":
            text, value = f"sort({text})", sorted(value)
        elif step == "reverse":
            text, value = f"reverse({text})", value[::-1]
        elif step == "uniq":
            text, value = f"uniq({text})", list(dict.fromkeys(value))
        elif step == "take":
            text, value = f"take({text}, {factor})", value[:factor]
        else:
            text, value = f"{text}[{factor - 1}:]", value[factor - 1 :]
    last = rng.choice(["", "len", "sum", "count", "all", "any"])
    if last in ("len", "sum"):
        return f"{last}({text})", len(value) if last == "len" else sum(value)
    if last == "count":
        return f"count({text}, # >= {pivot})", sum(one >= pivot for one in value)
    if last in ("all", "any"):
        return f"{last}({text}, # != {pivot})", {"all": all, "any": any}[last](one != pivot for one in value)
    return text, value


def _strings(seed: int) -> tuple[str, Any]:
    rng = random.Random(seed)
    value = "".join(rng.choice("abcxyz-._ é") for _ in range(rng.randint(0, 10)))
    text = rng.choice([f"'{value}'", f'"{value}"', f"`{value}`"])
    for _ in range(rng.randint(1, 4)):
        part = rng.choice("abcxyz-")
        step = rng.choice(
            ["upper", "lower", "trim", "replace", "prefix", "suffix", "concat", "slice", "repeat", "rejoin"]
        )
        if step in ("upper", "lower"):
            text, value = f"{step}({text})", getattr(value, step)()
        elif step == "trim":
            text, value = f"trim({text}, '{part}')", value.strip(part)
        elif step == "replace":
            text, value = f"replace({text}, '{part}', '+')", value.replace(part, "+")
        elif step == "prefix":
            text, value = f"trimPrefix({text}, '{part}')", value.removeprefix(part)
        elif step == "suffix":
            text, value = f"trimSuffix({text}, '{part}')", value.removesuffix(part)
        elif step == "concat":
            text, value = f"({text} + '{part}')", value + part
        elif step == "slice":
            text, value = f"{text}[1:]", value.encode()[1:].decode(errors="replace")
        elif step == "repeat":
            text, value = f"repeat({text}, 2)", value * 2
        else:
            text, value = f"({text} | split('{part}') | join('~'))", value.replace(part, "~")
    return text, value


_GENERATORS = {
    "arithmetic": _arithmetic,
    "integers": _integers,
    "logic": _logic,
    "lists": _lists,
    "strings": _strings,
}


@pytest.mark.parametrize("seed", range(260))
@pytest.mark.parametrize("kind", _GENERATORS)
def test_generated_expressions_agree_with_the_oracle(kind: str, seed: int) -> None:
    text, expected = _GENERATORS[kind](seed)
    found = evaluate(text, {})
    if isinstance(expected, float) and isinstance(found, float):
        assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)
    else:
        assert same(found, expected)


def test_division_is_always_a_float() -> None:
    assert same(evaluate("4 / 2", {}), 2.0)
    assert same(evaluate("4 / 0", {}), math.inf)
    assert same(evaluate("-4 / 0", {}), -math.inf)


def test_parse_is_memoised() -> None:
    assert parse("1 + 1") is parse("1 + 1")


def test_flat_names_are_expanded_and_a_prefix_is_dropped() -> None:
    env = {"workflow.parameters": "[]", "workflow.parameters.a": "1", "workflow.name": "w"}
    assert evaluate("workflow.parameters.a + workflow.name", env) == "1w"
    assert evaluate("keys(workflow.parameters)", env) == ["a"]


def test_where_argo_has_no_functions() -> None:
    with pytest.raises(LanguageError) as caught:
        evaluate("asInt('5')", {}, functions={})
    assert caught.value.message == "unknown name asInt"


def test_randomness_and_time_come_from_the_hooks() -> None:
    first = [evaluate("sprig.uuidv4()", {}, hooks=fixed(0, "one")) for _ in range(2)]
    assert first[0] == first[1]
    assert first[0] != evaluate("sprig.uuidv4()", {}, hooks=fixed(0, "two"))
    assert evaluate("now().Year()", {}, hooks=fixed(0, "")) == 1970


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 5000 + "1",
        "[" * 5000,
        "1" + "+1" * 9000,
        "a" + ".b" * 9000,
        "true" + " and true" * 4000,
        "nil" + " ?? nil" * 4000,
        "let a = 1; " * 3000 + "a",
        "reduce(1..1000000, #acc + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '')",
        "map(1..1000, map(1..1000, #))",
        "repeat(repeat('a', 100000), 100000)",
        "'" + "a" * 3000 + "!' matches '^(a+)+$'",
        "sprig.repeat(999999999, 'a')",
        "sprig.seq(1, 1, 999999999)",
    ],
    ids=lambda source: source[:30],
)
def test_bombs_are_refused_or_harmless(source: str) -> None:
    error = failure(lambda: evaluate(source, {"a": {}}))
    assert is_inside(error, source)
