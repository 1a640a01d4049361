"""Methods of times and durations, by Go's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argolint.language.gotime import DAYS, MONTHS, NS, Duration, Enum, Time, Zone, format_duration, zone_name
from argolint.language.values import type_name


def _truncate(time: Time, step: Duration) -> Time:
    # Go counts from the year 1, which is 62135596800 seconds before 1970.
    offset = 62_135_596_800 * NS
    return Time(time.ns - (time.ns + offset) % step.ns, time.zone) if step.ns > 0 else time


def _weekday(index: int) -> Enum:
    return Enum((index + 1) % 7, "time.Weekday", DAYS[index])


_TIME: dict[str, tuple[int, Callable[..., Any]]] = {
    "Year": (0, lambda t: t.year),
    "Month": (0, lambda t: Enum(t.civil().month, "time.Month", MONTHS[t.civil().month - 1])),
    "Day": (0, lambda t: t.civil().day),
    "Hour": (0, lambda t: t.civil().hour),
    "Minute": (0, lambda t: t.civil().minute),
    "Second": (0, lambda t: t.civil().second),
    "Nanosecond": (0, lambda t: t.ns % NS),
    "Weekday": (0, lambda t: _weekday(t.civil().weekday())),
    "YearDay": (0, lambda t: t.civil().timetuple().tm_yday),
    "Unix": (0, lambda t: t.ns // NS),
    "UnixMilli": (0, lambda t: t.ns // 1_000_000),
    "UnixMicro": (0, lambda t: t.ns // 1000),
    "UnixNano": (0, lambda t: t.ns),
    "UTC": (0, lambda t: Time(t.ns)),
    "Local": (0, lambda t: t),
    "String": (0, str),
    "GoString": (0, str),
    "Zone": (0, lambda t: zone_name(t.civil())),
    "IsDST": (0, lambda t: bool(t.civil().dst())),
    "ISOWeek": (0, lambda t: t.civil().isocalendar().year),
    "Location": (0, lambda t: Zone(getattr(t.zone, "key", None) or "UTC", t.zone)),
    "Round": (1, lambda t, d: _rounded(t, d)),
    "IsZero": (0, lambda t: t.ns == -62_135_596_800 * NS),
    "Format": (1, lambda t, layout: t.format(layout)),
    "Add": (1, lambda t, d: Time(t.ns + d.ns, t.zone)),
    "Sub": (1, lambda t, other: Duration(t.ns - other.ns)),
    "Before": (1, lambda t, other: t.ns < other.ns),
    "After": (1, lambda t, other: t.ns > other.ns),
    "Equal": (1, lambda t, other: t.ns == other.ns),
    "Compare": (1, lambda t, other: (t.ns > other.ns) - (t.ns < other.ns)),
    "In": (1, lambda t, zone: Time(t.ns, zone.zone)),
    "Truncate": (1, _truncate),
    "AddDate": (3, lambda t, years, months, days: add_date(t, years, months, days)),
}

_DURATION: dict[str, tuple[int, Callable[..., Any]]] = {
    "Hours": (0, lambda d: d.ns / (3600 * NS)),
    "Minutes": (0, lambda d: d.ns / (60 * NS)),
    "Seconds": (0, lambda d: d.ns / NS),
    "Milliseconds": (0, lambda d: int(d.ns / 1_000_000)),
    "Microseconds": (0, lambda d: int(d.ns / 1000)),
    "Nanoseconds": (0, lambda d: d.ns),
    "Abs": (0, lambda d: Duration(abs(d.ns))),
    "String": (0, lambda d: format_duration(d.ns)),
    "Truncate": (1, lambda d, step: Duration(_toward_zero(d.ns, step.ns))),
    "Round": (1, lambda d, step: Duration(_half_away(d.ns, step.ns))),
}

_NAMED: dict[str, tuple[int, Callable[..., Any]]] = {"String": (0, str)}


def _toward_zero(value: int, step: int) -> int:
    if step <= 0:
        return value
    rest = abs(value) % step
    return value - (rest if value > 0 else -rest)


def _half_away(value: int, step: int) -> int:
    if step <= 0:
        return value
    rest = abs(value) % step
    size = abs(value) - rest + (step if rest * 2 >= step else 0)
    return size if value > 0 else -size


def _rounded(time: Time, step: Duration) -> Time:
    down = _truncate(time, step)
    rest = time.ns - down.ns
    return Time(down.ns + step.ns, time.zone) if step.ns > 0 and rest * 2 >= step.ns else down


def add_date(time: Time, years: int, months: int, days: int) -> Time:
    """A Time moved by calendar units; an overflowing day of month runs into the next, as in Go."""
    import datetime

    from argolint.language.gotime import from_datetime

    moment = time.civil()
    total = moment.year * 12 + moment.month - 1 + years * 12 + months
    year, month = divmod(total, 12)
    try:
        moved = moment.replace(year=year, month=month + 1, day=1) + datetime.timedelta(
            days=moment.day - 1 + days
        )
    except (ValueError, OverflowError):
        raise ValueError("time is out of range") from None
    made = from_datetime(moved)
    return Time(made.ns + time.ns % 1000, time.zone)


def call_method(target: Any, name: str, args: list[Any]) -> Any:
    """Calls a method of a Time or Duration. Raises ValueError for one that does not exist or does not fit."""
    named = isinstance(target, (Enum, Zone))
    table = (
        _TIME
        if isinstance(target, Time)
        else _DURATION
        if isinstance(target, Duration)
        else _NAMED
        if named
        else {}
    )
    if name not in table:
        raise ValueError(f"type {type_name(target)} has no method {name}")
    arity, function = table[name]
    if len(args) != arity:
        raise ValueError(f"{name} takes {arity} arguments, not {len(args)}")
    try:
        return function(target, *args)
    except (AttributeError, TypeError):
        raise ValueError(f"wrong arguments for {name}") from None
