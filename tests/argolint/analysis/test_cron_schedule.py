"""The schedule grammar and fire times, against known answers and a walk over every minute."""

from __future__ import annotations

import random
import shutil
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from argolint.analysis.cron import Every, ScheduleError, next_fires, parse, previous_fire
from argolint.analysis.cron.schedule import STAR, Spec
from tools.language_oracle.oracle import ask

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "America/New_York",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Pacific/Auckland",
    "Asia/Beirut",  # midnight does not exist in spring
    "America/Havana",
    "Europe/London",
)


Hour = tuple[int, int, int, int, list[tuple[int, int]]]


def hours_of(zone: ZoneInfo, start: datetime, days: int) -> list[Hour]:
    """Every minute after `start` as the zone's wall clock shows it, fold included, in runs of one wall hour.

    (month, day of month, day of week with Sunday 0, hour, [(minute, epoch second)]).
    """
    runs: list[Hour] = []
    instant = int(start.timestamp()) // 60 * 60 + 60
    for now in range(instant, instant + days * 86400, 60):
        local = datetime.fromtimestamp(now, zone)
        key = (local.month, local.day, local.isoweekday() % 7, local.hour)
        if not runs or runs[-1][:4] != key:
            runs.append((*key, []))
        runs[-1][4].append((local.minute, now))
    return runs


def brute_force(spec: Spec, hours: list[Hour]) -> list[int]:
    """The epoch seconds of the minutes that match."""
    fires: list[int] = []
    both = not (spec.dom & STAR or spec.dow & STAR)
    for month, day, weekday, hour, minutes in hours:
        if not (spec.month >> month & 1 and spec.hour >> hour & 1):
            continue
        dom, dow = spec.dom >> day & 1, spec.dow >> weekday & 1
        if (dom or dow) if both else (dom and dow):
            fires += [instant for minute, instant in minutes if spec.minute >> minute & 1]
    return fires


def walk(spec: Spec, zone: ZoneInfo, start: datetime, days: int) -> list[int]:
    """The same by `next`."""
    fires = []
    end = int(start.timestamp()) // 60 * 60 + 60 + days * 86400
    tick = spec.next(start.astimezone(zone))
    while tick is not None and tick.timestamp() < end:
        fires.append(int(tick.timestamp()))
        tick = spec.next(tick)
    return fires


KNOWN_DESCRIPTORS = (
    "`@reboot` is not one of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, "
    "@every <duration>"
)


def random_field(rng: random.Random, low: int, high: int, star: float) -> str:
    if rng.random() < star:
        return "*"
    kind = rng.randrange(4)
    if kind == 0:
        return str(rng.randint(low, high))
    if kind == 1:
        return f"*/{rng.randint(1, high)}"
    if kind == 2:
        first = rng.randint(low, high)
        return f"{first}-{rng.randint(first, high)}"
    return ",".join(str(rng.randint(low, high)) for _ in range(3))


def random_schedule(rng: random.Random) -> str:
    return " ".join(
        (
            rng.choice(("0", "*/20", "7", "30", "5,50", "15/30", "58-59")),
            random_field(rng, 0, 23, 0.4),
            random_field(rng, 1, 31, 0.7),
            random_field(rng, 1, 12, 0.8),
            random_field(rng, 0, 6, 0.7),
        )
    )


def with_midnight(fires: list[int], zone: ZoneInfo) -> list[int]:
    """Without days that begin at 01:00: robfig/cron may pass over those, which a test of its own shows."""
    kept = []
    for fire in fires:
        midnight = datetime.fromtimestamp(fire, zone).replace(hour=0, minute=0, fold=0)
        if midnight.astimezone(UTC).astimezone(zone).hour == 0:
            kept.append(fire)
    return kept


def _agree(schedules: int, zones: tuple[str, ...], seed: int) -> None:
    rng = random.Random(seed)
    start = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    texts = [random_schedule(rng) for _ in range(schedules)]
    for name in zones:
        zone = ZoneInfo(name)
        hours = hours_of(zone, start, 365)
        for text in texts:
            spec = parse(text)
            assert isinstance(spec, Spec)
            expected = with_midnight(brute_force(spec, hours), zone)
            assert with_midnight(walk(spec, zone, start, 365), zone) == expected, (text, name)


@pytest.mark.slow
def test_a_year_of_random_schedules_agrees_with_a_walk_over_every_minute() -> None:
    _agree(15, ("America/New_York", "Asia/Beirut"), seed=7)


@pytest.mark.bench
@pytest.mark.skipif(shutil.which("go") is None, reason="robfig/cron needs Go")
def test_two_hundred_schedules_in_twelve_zones_agree_with_robfig_cron() -> None:
    """Twenty-five fires from each of four starts, two of them just before the clocks change somewhere."""
    rng = random.Random(11)
    texts = [random_schedule(rng) for _ in range(200)]
    starts = [
        int(datetime(2026, *day, tzinfo=UTC).timestamp()) for day in ((1, 1), (3, 6), (10, 22), (7, 15))
    ]
    cases = [(text, zone, start) for text in texts for zone in ZONES for start in starts]
    answers = ask(
        {"op": "cron", "source": text, "zone": zone, "from": start, "count": 25}
        for text, zone, start in cases
    )
    for (text, name, start), answer in zip(cases, answers):
        expected = [int(one["i"]) for one in answer["value"]["l"]]
        spec, zone = parse(text), ZoneInfo(name)
        tick: datetime | None = datetime.fromtimestamp(start, zone)
        found: list[int] = []
        while len(found) < 25 and (tick := spec.next(tick)) is not None:
            found.append(int(tick.timestamp()))
        assert found == expected, (text, name, start)


@pytest.mark.parametrize(
    ("schedule", "zone", "start", "expected"),
    [
        # Upstream's documentation of daylight saving, America/Los_Angeles.
        (
            "1 2 * * *",
            "America/Los_Angeles",
            "2020-03-07T03:00:00-08:00",
            ["2020-03-09T02:01:00-07:00", "2020-03-10T02:01:00-07:00"],
        ),
        (
            "1 1 * * *",
            "America/Los_Angeles",
            "2020-11-01T00:00:00-07:00",
            ["2020-11-01T01:01:00-07:00", "2020-11-01T01:01:00-08:00", "2020-11-02T01:01:00-08:00"],
        ),
        ("1 2 * * *", "America/Los_Angeles", "2020-11-01T00:00:00-07:00", ["2020-11-01T02:01:00-08:00"]),
        # Midnight does not exist in Beirut on 2026-03-29; the day's other hours do.
        (
            "30 0 * * *",
            "Asia/Beirut",
            "2026-03-28T12:00:00+02:00",
            ["2026-03-30T00:30:00+03:00"],
        ),
        ("0 12 29 2 *", "UTC", "2026-01-01T00:00:00+00:00", ["2028-02-29T12:00:00+00:00"]),
        (
            "0 0 1 * 1",
            "UTC",
            "2026-01-01T00:00:00+00:00",
            ["2026-01-05T00:00:00+00:00", "2026-01-12T00:00:00+00:00"],
        ),
        ("0 0 */2 * 1", "UTC", "2026-06-01T00:00:00+00:00", ["2026-06-03T00:00:00+00:00"]),
        ("@weekly", "UTC", "2026-06-01T00:00:00+00:00", ["2026-06-07T00:00:00+00:00"]),
        ("@every 90m", "UTC", "2026-06-01T00:00:10.5+00:00", ["2026-06-01T01:30:10+00:00"]),
    ],
)
def test_fire_times(schedule: str, zone: str, start: str, expected: list[str]) -> None:
    after = datetime.fromisoformat(start).astimezone(ZoneInfo(zone))
    assert [fire.isoformat() for fire in next_fires([schedule], zone, after, len(expected))] == expected


def test_upstream_passes_over_a_named_day_that_has_no_midnight() -> None:
    """2026-03-29 is a Sunday and begins at 01:00 in Beirut; the search by days steps back over it, as robfig/cron does.

    A schedule for every day reaches the same day by its hours, and fires.
    """
    after = datetime(2026, 3, 27, tzinfo=ZoneInfo("Asia/Beirut"))
    assert [f"{fire:%m-%d %H:%M}" for fire in next_fires(["0 9 * * 0"], "Asia/Beirut", after, 2)] == [
        "04-05 09:00",
        "04-12 09:00",
    ]
    assert [f"{fire:%m-%d %H:%M}" for fire in next_fires(["0 9 * * *"], "Asia/Beirut", after, 4)] == [
        "03-27 09:00",
        "03-28 09:00",
        "03-29 09:00",
        "03-30 09:00",
    ]


def test_upstream_loses_a_minute_on_the_day_of_a_half_hour_shift() -> None:
    """Lord Howe Island shifts by 30 minutes; the search by whole hours then arrives at half past, as robfig/cron's does."""
    after = datetime(2026, 4, 4, tzinfo=ZoneInfo("Australia/Lord_Howe"))
    fires = next_fires(["15/30 18 * * *"], "Australia/Lord_Howe", after, 5)
    assert [f"{fire:%m-%d %H:%M}" for fire in fires] == [
        "04-04 18:15",
        "04-04 18:45",
        "04-05 18:45",
        "04-06 18:15",
        "04-06 18:45",
    ]


def test_fires_are_in_the_zone_of_the_question_and_shared_instants_count_once() -> None:
    after = datetime(2026, 7, 1, tzinfo=UTC)
    fires = next_fires(["0 8 * * *", "0 8,9 * * *"], "Europe/Berlin", after, 3)
    assert [fire.isoformat() for fire in fires] == [
        "2026-07-01T06:00:00+00:00",
        "2026-07-01T07:00:00+00:00",
        "2026-07-02T06:00:00+00:00",
    ]


def test_a_schedule_that_never_fires_has_no_next_time() -> None:
    assert next_fires(["0 0 30 2 *"], "", datetime(2026, 1, 1, tzinfo=UTC), 3) == []


@pytest.mark.parametrize(
    ("text", "message", "start", "end", "fields"),
    [
        ("", "the schedule is empty", 0, 0, None),
        ("* * * *", "a schedule has five fields, this has 4 fields", 0, 7, 4),
        ("0 */5 * * * *", "a schedule has five fields, this has 6 fields", 0, 13, 6),
        ("60 * * * *", "60 is too large: the minute goes from 0 to 59", 0, 2, None),
        ("0 0 * * 7", "7 is too large: the day of week goes from 0 to 6; Sunday is 0", 8, 9, None),
        ("0 0 0 * *", "0 is too small: the day of month goes from 1 to 31", 4, 5, None),
        ("0 0 * foo *", "`foo` is not a month", 6, 9, None),
        ("0 5-1 * * *", "the range `5-1` ends before it begins", 2, 5, None),
        ("*/0 * * * *", "the step of `*/0` is 0", 0, 3, None),
        ("1-2-3 * * * *", "`1-2-3` has more than one hyphen", 0, 5, None),
        ("1/2/3 * * * *", "`1/2/3` has more than one slash", 0, 5, None),
        ("0 0 1,L * *", "`L` is not a day of month", 6, 7, None),
        ("CRON_TZ=Europe/Pari 0 0 * * *", "no time zone is called `Europe/Pari`", 8, 19, None),
        ("CRON_TZ=UTC", "nothing follows the time zone", 0, 11, None),
        ("@every soon", "`soon` is not a duration such as `30s` or `1h30m`", 7, 11, None),
        ("@every 30", "the duration `30` has no unit; write `30s` for seconds", 7, 9, None),
        (
            "@reboot",
            KNOWN_DESCRIPTORS,
            0,
            7,
            None,
        ),
        (" @daily", "a schedule has five fields, this has 1 field", 0, 7, 1),
    ],
)
def test_errors_name_the_field(text: str, message: str, start: int, end: int, fields: int | None) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse(text)
    error = caught.value
    assert (error.message, error.start, error.end, error.fields) == (message, start, end, fields)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 0 ? * MON-fri", "0 0 * * 1-5"),
        ("0 0 * JAN,Mar *", "0 0 * 1,3 *"),
        ("5/20 * * * *", "5-59/20 * * * *"),
        ("*-5 * * * *", "* * * * *"),
        ("1,,2 * * * *", "1,2 * * * *"),
        ("*/1 * * * *", "* * * * *"),
        ("@daily", "0 0 * * *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_spellings_that_mean_the_same(text: str, same: str) -> None:
    ours, theirs = parse(text), parse(same)
    assert ours[1:] == theirs[1:]


def test_a_star_with_a_step_is_a_restriction_and_a_plain_star_is_not() -> None:
    stepped, plain = parse("0 0 */2 * 1"), parse("0 0 * * 1")
    assert isinstance(stepped, Spec)
    assert isinstance(plain, Spec)
    assert (bool(stepped.dom & STAR), bool(plain.dom & STAR)) == (False, True)


def test_every_is_at_least_a_second_in_whole_seconds() -> None:
    assert [
        schedule.seconds
        for schedule in (
            parse("@every 10ms"),
            parse("@every 1500ms"),
            parse("@every -5m"),
            parse("@every 1h30m"),
        )
        if isinstance(schedule, Every)
    ] == [1, 1, 1, 5400]


@pytest.mark.parametrize("schedule", ["*/7 * * * *", "0 3 * * 1", "0 0 1 1 *", "30 1 * * *", "0 0 29 2 *"])
def test_the_previous_fire_time_is_the_one_whose_next_passes_the_moment(schedule: str) -> None:
    spec = parse(schedule)
    zone = ZoneInfo("America/New_York")
    for hours in range(0, 24 * 40, 17):
        before = datetime(2026, 10, 20, 0, 0, 5, tzinfo=zone) + timedelta(hours=hours)
        previous = previous_fire(spec, before)
        assert previous is not None
        assert previous.timestamp() < before.timestamp()
        following = spec.next(previous)
        assert following is not None
        assert following.timestamp() >= before.timestamp()


def test_the_previous_fire_time_is_strictly_between_since_and_before() -> None:
    spec = parse("0 * * * *")
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert previous_fire(spec, noon) == datetime(2026, 5, 1, 11, tzinfo=UTC)
    assert previous_fire(spec, noon, datetime(2026, 5, 1, 11, tzinfo=UTC)) is None
    every = parse("@every 25m")
    assert previous_fire(every, noon, datetime(2026, 5, 1, 11, tzinfo=UTC)) == datetime(
        2026, 5, 1, 11, 50, tzinfo=UTC
    )
    assert previous_fire(
        every, datetime(2026, 5, 1, 11, 50, tzinfo=UTC), datetime(2026, 5, 1, 11, tzinfo=UTC)
    ) == (datetime(2026, 5, 1, 11, 25, tzinfo=UTC))
