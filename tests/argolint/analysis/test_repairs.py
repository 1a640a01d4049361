"""Words of help."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.analysis.repairs import of_type, of_when


@pytest.mark.parametrize(
    ("key", "expected", "value", "help_text"),
    [
        ("args", "a list of strings", "date", "write a list: `[date]`"),
        (
            "env",
            "a list of mappings",
            {"A": "b"},
            "each entry is an item: `- name: A`, and its `value` below",
        ),
        ("parameters", "a list of mappings", {"name": "a"}, "put a dash before it: each entry is an item"),
        (
            "accessKeySecret",
            "a mapping",
            "minio",
            "write the Secret and the key in it: `{name: minio, key: …}`",
        ),
        (0, "a mapping", "reg", "write `name: reg`"),
        ("secondsAfterCompletion", "an integer", "1h", "write the seconds: 3600"),
        ("parallelism", "an integer", "1h", ""),
        ("depends", "a string", ["a"], "`depends` is a formula: `a && b`; a list is for `dependencies`"),
        ("x", "a string", ["a"], ""),
        ("x", "a mapping", None, "write its fields below it"),
    ],
)
def test_values_of_the_wrong_type(key: Any, expected: str, value: Any, help_text: str) -> None:
    if value is None:
        assert of_type(key, expected, value) == ""
    else:
        assert of_type(key, expected, value) == help_text


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("cannot transition token types from VARIABLE [not] to VARIABLE [ready]", "`!(…)`"),
        ("cannot transition token types from VARIABLE [so] to VARIABLE [ready]", "quotes"),
        ("unable to access unexported field `parameters` in token `inputs.parameters.env`", "braces"),
        ("cannot transition token types from VARIABLE [asInt] to CLAUSE [(]", "{{= … }}"),
    ],
)
def test_conditions(message: str, word: str) -> None:
    assert word in of_when(message)


def test_messages_that_say_it_themselves_get_no_help() -> None:
    assert of_when("`=` is no operator of when; to compare, write `==`") == ""
    assert of_when("something else") == ""
