"""Label selectors, conditions of resource templates, node field selectors, gjson paths."""

from __future__ import annotations

from typing import Any

import pytest

from argolint.language import gjson, selectors
from argolint.language.errors import LanguageError
from argolint.language.selectors import Requirement

OBJ: dict[str, Any] = {
    "status": {
        "succeeded": 3,
        "phase": "Succeeded",
        "ratio": 1.5,
        "ready": True,
        "empty": "",
        "conditions": [{"type": "Done", "n": 7}],
    },
    "metadata": {"labels": {"app.io/name": "x"}},
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("a", (Requirement("a", "exists", (), 0, 1),)),
        ("!a", (Requirement("a", "!", (), 0, 2),)),
        ("a=b", (Requirement("a", "=", ("b",), 0, 3),)),
        ("a == b", (Requirement("a", "==", ("b",), 0, 6),)),
        ("a != b", (Requirement("a", "!=", ("b",), 0, 6),)),
        ("a in (b, c)", (Requirement("a", "in", ("b", "c"), 0, 11),)),
        ("a notin (b)", (Requirement("a", "notin", ("b",), 0, 11),)),
        ("a > 5", (Requirement("a", ">", ("5",), 0, 5),)),
        ("a=", (Requirement("a", "=", ("",), 0, 2),)),
        ("a=,b", (Requirement("a", "=", ("",), 0, 2), Requirement("b", "exists", (), 3, 4))),
        (" a = b , c ", (Requirement("a", "=", ("b",), 1, 6), Requirement("c", "exists", (), 9, 10))),
        ("ex.com/a-b.c_d=v", (Requirement("ex.com/a-b.c_d", "=", ("v",), 0, 16),)),
    ],
)
def test_parse(text: str, expected: tuple[Requirement, ...]) -> None:
    assert selectors.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "message", "start", "end"),
    [
        ("a >= 1", ">= is not an operator of selectors; use > with a whole number", 2, 4),
        ("a<-5", "value '-5' is not a label value", 2, 4),
        ("a > x", "for > the value must be a whole number, not 'x'", 4, 5),
        ("a > 1.5", "for > the value must be a whole number, not '1.5'", 4, 7),
        ("a == b || c == d", "found '||', expected ',' or the end; a selector joins by commas only", 7, 9),
        ("a == b && c", "found '&&', expected ',' or the end; a selector joins by commas only", 7, 9),
        ("a ==", "", 0, 0),
        ("a in b", "found 'b', expected '('", 5, 6),
        ("a in (b", "found the end, expected ')'", 7, 7),
        ("a b", "found 'b', expected one of ! = == != > < in notin", 2, 3),
        ("a,", "found the end, expected a key after ','", 1, 2),
        (",a", "found ',', expected a key", 0, 1),
        ("status.conditions[0] == x", "", 0, 20),
        ("a == -b", "", 5, 7),
        ("a = 'b'", "", 4, 7),
    ],
)
def test_errors(text: str, message: str, start: int, end: int) -> None:
    if text == "a ==":
        assert selectors.parse(text) == (Requirement("a", "==", ("",), 0, 4),)
        return
    with pytest.raises(LanguageError) as caught:
        selectors.parse(text)
    assert (caught.value.start, caught.value.end) == (start, end)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("b", False),
        ("!b", True),
        ("a=1", True),
        ("a=2", False),
        ("a!=2", True),
        ("b!=2", True),
        ("a in (1,2)", True),
        ("b in (1)", False),
        ("b notin (1)", True),
        ("a > 0", True),
        ("a > 1", False),
        ("a < 2,c=x", True),
        ("b > 0", False),
        ("c > 0", False),
        ("", True),
    ],
)
def test_labels(text: str, expected: bool) -> None:
    assert selectors.matches(selectors.parse(text), {"a": "1", "c": "x"}) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("status.succeeded", "3"),
        ("status.phase", "Succeeded"),
        ("status.ratio", "1.5"),
        ("status.ready", "true"),
        ("status.empty", ""),
        ("status.conditions.0.type", "Done"),
        ("status.conditions.#", "1"),
        ("status.conditions.#.n", "[7]"),
        ("status.conditions.5", None),
        ("status.nope", None),
        ("status.phase.deeper", None),
        ("metadata.labels.app\\.io/name", "x"),
        ("none", ""),
        ("st*.phase", "Succeeded"),
        ("status.conditions.0", '{"n":7,"type":"Done"}'),
    ],
)
def test_paths(path: str, expected: str | None) -> None:
    assert gjson.get(OBJ, path) == expected


@pytest.mark.parametrize(
    ("success", "failure", "expected"),
    [
        ("status.succeeded > 2", "", "succeeded"),
        ("status.succeeded > 3", "", "waiting"),
        ("status.succeeded > 2, status.phase == Failed", "", "waiting"),
        ("status.succeeded > 2", "status.phase == Succeeded", "failed"),
        ("status.succeeded > 2", "status.phase == Failed", "succeeded"),
        ("", "status.phase == Failed", "succeeded"),
        ("", "", "succeeded"),
    ],
)
def test_resource_conditions(success: str, failure: str, expected: str) -> None:
    assert selectors.resource_outcome(success, failure, OBJ) == expected


def test_a_comma_means_or_in_a_failure_condition() -> None:
    assert selectors.resource_outcome("", "status.phase == Failed, status.succeeded > 2", OBJ) == "failed"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phase=Failed", False),
        ("phase=Running", True),
        ("phase!=Failed", True),
        ("displayName=a,phase=Running", True),
        ("templateRef.name=t", True),
        ("inputs.parameters.p.value=1", True),
        ("inputs.parameters.q.value=1", False),
        ("", True),
    ],
)
def test_node_fields(text: str, expected: bool) -> None:
    node = {
        "displayName": "a",
        "phase": "Running",
        "templateRef": {"name": "t"},
        "inputs": {"parameters": [{"name": "p", "value": "1"}]},
    }
    assert selectors.matches_node(text, node) is expected


def test_a_field_selector_needs_a_value() -> None:
    with pytest.raises(LanguageError) as caught:
        selectors.matches_node("a=b,phase", {})
    assert (caught.value.message, caught.value.start) == (
        "invalid field selector 'phase', expected field=value",
        4,
    )
