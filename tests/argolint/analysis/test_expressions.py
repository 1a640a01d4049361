"""Messages of the language's checks as reports show them."""

from __future__ import annotations

import pytest

from argolint.analysis.expressions import marked


@pytest.mark.parametrize(
    ("message", "excerpt", "expected"),
    [
        (
            "lastRetry.exitCode is a string and is compared with a number, so > fails; use asInt(lastRetry.exitCode)",
            "",
            "`lastRetry.exitCode` is a string and is compared with a number, so > fails; use `asInt(lastRetry.exitCode)`",
        ),
        (
            "there is no function foo; did you mean sprig.foo?",
            "foo",
            "there is no function `foo`; did you mean `sprig.foo`?",
        ),
        (
            "inputs.x does not exist here; there are a, b, …",
            "inputs.x",
            "`inputs.x` does not exist here; there are `a`, `b`, …",
        ),
        (
            "x is a string: it has no member 'y'; if it holds JSON, use fromJSON(x).y or jsonpath(x, '$.y')",
            "",
            "x is a string: it has no member `y`; if it holds JSON, use `fromJSON(x).y` or `jsonpath(x, '$.y')`",
        ),
        (
            "= assigns nothing here; to compare, write ==",
            "=",
            "`=` assigns nothing here; to compare, write `==`",
        ),
        ("the value of {{a.b}} is inserted as text", "", "the value of `{{a.b}}` is inserted as text"),
        ("this needs; use the variable itself", "", "this needs; use the variable itself"),
    ],
)
def test_names_and_code_are_in_backticks(message: str, excerpt: str, expected: str) -> None:
    assert marked(message, excerpt) == expected
