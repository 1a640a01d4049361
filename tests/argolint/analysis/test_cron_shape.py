"""What is said of schedules without asking when they fire next."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from argolint.analysis.cron import load_zone, nearest_zones, parse, zone_exists
from argolint.analysis.cron.shape import (
    clock_changes,
    is_day_ambiguous,
    is_hour_bound,
    never_fires,
    shortest_interval,
    skipped_or_doubled,
)
from argolint.analysis.cron.written import part
from argolint.model.view import Span
from argolint.text import SourceText


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 0 30 2 *", True),
        ("0 0 31 4,6,9,11 *", True),
        ("0 0 29 2 *", False),
        (", * * * *", True),
        ("@daily", False),
    ],
)
def test_never_fires(text: str, expected: bool) -> None:
    assert never_fires(parse(text)) is expected


@pytest.mark.parametrize(
    ("text", "days", "hours"),
    [
        ("0 0 1 * 1", True, True),
        ("0 0 */2 * 1", True, True),
        ("0 0 * * 1", False, True),
        ("*/5 * * * *", False, False),
        ("0 0-23 * * *", False, False),
        ("0 * * * 1-5", False, True),
        ("@every 1h", False, False),
    ],
)
def test_shape(text: str, days: bool, hours: bool) -> None:
    schedule = parse(text)
    assert (is_day_ambiguous(schedule), is_hour_bound(schedule)) == (days, hours)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/7 * * * *", timedelta(minutes=4)),
        ("0 0 1 1 *", timedelta(days=365)),
        ("@every 90s", timedelta(seconds=90)),
        ("0 0 30 2 *", None),
    ],
)
def test_shortest_interval(text: str, expected: timedelta | None) -> None:
    assert shortest_interval(parse(text)) == expected


def test_clock_changes_of_a_zone() -> None:
    assert clock_changes(ZoneInfo("Europe/Berlin")) == [
        (datetime(2026, 3, 29, 2), datetime(2026, 3, 29, 3)),
        (datetime(2026, 10, 25, 3), datetime(2026, 10, 25, 2)),
        (datetime(2027, 3, 28, 2), datetime(2027, 3, 28, 3)),
        (datetime(2027, 10, 31, 3), datetime(2027, 10, 31, 2)),
    ]
    assert clock_changes(ZoneInfo("Asia/Tokyo")) == []


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("30 2 * * *", "Europe/Berlin", ("skipped", datetime(2026, 3, 29, 2, 30))),
        ("30 1 * * *", "America/Los_Angeles", ("doubled", datetime(2026, 11, 1, 1, 30))),
        ("30 2 * * 1-6", "Europe/Berlin", None),
        ("30 3 * * *", "Europe/Berlin", None),
        ("30 * * * *", "Europe/Berlin", None),
        ("30 2 * * *", "UTC", None),
    ],
)
def test_skipped_or_doubled(text: str, zone: str, expected: tuple[str, datetime] | None) -> None:
    assert skipped_or_doubled(parse(text), ZoneInfo(zone)) == expected


def test_zones() -> None:
    assert load_zone("Local") is None
    assert [
        zone_exists(name) for name in ("UTC", "", "Europe/Berlin", "europe/berlin", "../etc/passwd", "/etc/x")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
    assert nearest_zones("Europe/Pari") == ["Europe/Paris"]
    assert nearest_zones("europe/berlin") == ["Europe/Berlin"]
    assert nearest_zones("Tokyo")[0].endswith("Tokyo")


def test_a_part_of_a_schedule_is_found_in_every_style() -> None:
    for written, value in (
        ("'0 25 * * *'", "0 25 * * *"),
        ("0 25 * * *", "0 25 * * *"),
        ('"0\\t25 * * *"', "0\t25 * * *"),
    ):
        source = SourceText(f"a: {written}\n")
        span = part(source, Span(3, 3 + len(written), "a"), value, 2, 4)
        assert (source.text[span.start : span.end], span.where) == ("25", "a")
