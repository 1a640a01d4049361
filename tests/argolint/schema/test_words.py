"""Suggestions and durations."""

from __future__ import annotations

import pytest

from argolint.schema.duration import nanoseconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("30s", 30_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1.5h", 5_400_000_000_000),
        (".5s", 500_000_000),
        ("-2m", -120_000_000_000),
        ("100ms", 100_000_000),
        ("3us", 3_000),
        ("1µs", 1_000),
    ],
)
def test_durations(text: str, expected: int) -> None:
    assert nanoseconds(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30", "the duration `30` has no unit; write `30s` for seconds"),
        ("1d", "`1d` is not a duration such as `30s` or `1h30m`"),
        ("", "`` is not a duration"),
        ("h", "`h` is not a duration such as `30s` or `1h30m`"),
        ("9999999h", "the duration `9999999h` is longer than 292 years"),
    ],
)
def test_what_is_no_duration(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        nanoseconds(text)
    assert str(caught.value) == message
