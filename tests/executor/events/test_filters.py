"""Filters of dependencies: what passes, and what each filter says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from executor.events.envelope import SAMPLES, SHAPES, event_of
from executor.events.filters import judge

MOMENT = datetime(2026, 1, 1, 22, 30, tzinfo=UTC)
PUSH = event_of("github", "gh", "app", {"ref": "refs/heads/main", "size": 3, "ok": True}, {"x-github-event": "push"}, MOMENT)  # fmt: skip


def test_an_event_has_the_shape_of_its_source() -> None:
    assert PUSH.data == {
        "headers": {"X-Github-Event": ["push"]},
        "body": {"ref": "refs/heads/main", "size": 3, "ok": True},
        "metadata": {},
    }
    assert PUSH.context["time"] == "2026-01-01T22:30:00Z"
    assert event_of("calendar", "c", "x", {"a": 1}, {}, MOMENT).data["userPayload"] == {"a": 1}
    assert event_of("x", "c", "x", [1], {}, MOMENT, wrapped=True).data == [1]
    assert {kind for kind, _, _ in SAMPLES.values()} <= set(SHAPES)


@pytest.mark.parametrize(
    ("filters", "passed", "said"),
    [
        ({}, True, None),
        ({"data": [{"path": "body.ref", "type": "string", "value": ["heads/.*in$"]}]}, True, "data body.ref = heads/.*in$: it is 'refs/heads/main'"),
        ({"data": [{"path": "body.ref", "type": "string", "comparator": "!=", "value": ["main"]}]}, False, None),
        ({"data": [{"path": "body.size", "type": "number", "comparator": ">=", "value": ["3"]}]}, True, None),
        ({"data": [{"path": "body.size", "type": "number", "value": ["x"]}]}, False, "could not convert string to float: 'x'"),
        ({"data": [{"path": "body.ok", "type": "bool", "value": ["true"]}]}, True, None),
        ({"data": [{"path": "body.ok", "type": "bool", "comparator": "!=", "value": ["true"]}]}, False, None),
        ({"data": [{"path": "ref", "type": "string", "value": ["x"]}]}, False, "data ref: path does not exist"),
        ({"data": [{"path": "body.ref", "type": "text", "value": ["x"]}]}, False, "unsupported JSON type 'text'"),
        ({"data": [{"path": "body.ref", "type": "string", "template": "{{ .Input | upper }}", "value": ["MAIN"]}]}, True, None),
        ({"exprs": [{"expr": "n > 2 && ref =~ 'main'", "fields": [{"name": "n", "path": "body.size"}, {"name": "ref", "path": "body.ref"}]}]}, True,
         "expr n > 2 && ref =~ 'main' with n=3, ref='refs/heads/main'"),
        ({"exprs": [{"expr": "x == 1", "fields": [{"name": "x", "path": "nope"}]}]}, False, "path 'nope' does not exist"),
        ({"context": {"type": "github", "source": "other"}}, False, "context source = other: it is 'gh'"),
        ({"time": {"start": "22:00:00", "stop": "23:00:00"}}, True, None),
        ({"time": {"start": "23:00:00", "stop": "22:00:00"}}, False, None),
        ({"time": {"start": "22:00", "stop": "01:00"}}, True, "time from 22:00 to 01:00 UTC: it is 22:30:00"),
        ({"time": {"start": "late", "stop": "01:00"}}, False, "not a time of day: 'late'"),
        ({"script": "return true"}, False, "not run, taken as false"),
        ({"dataLogicalOperator": "or", "data": [{"path": "no", "type": "string", "value": ["x"]}, {"path": "body.ok", "type": "bool", "value": ["true"]}]}, True, None),
        ({"context": {"type": "x"}, "data": [{"path": "body.ok", "type": "bool", "value": ["true"]}]}, False, None),
        ({"filtersLogicalOperator": "or", "context": {"type": "x"}, "data": [{"path": "body.ok", "type": "bool", "value": ["true"]}]}, True, None),
    ],
)  # fmt: skip
def test_filters(filters: dict[str, Any], passed: bool, said: str | None) -> None:
    verdict = judge(filters, PUSH)
    assert verdict.passed is passed, verdict
    if said is not None:
        assert said in "\n".join(line.text for line in verdict.lines)


def test_a_script_is_taken_as_the_user_says() -> None:
    assert judge({"script": "return true"}, PUSH, True).passed
    assert not judge({"script": "return true"}, PUSH, False).passed
