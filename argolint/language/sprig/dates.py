"""sprig: dates. What is no time (nor a number of seconds) counts as now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argolint.language.expr.hooks import Hooks
from argolint.language.gotime import (
    NS,
    Duration,
    Time,
    format_duration,
    load_zone,
    parse_duration,
    parse_time,
)
from argolint.language.sprig.common import text
from argolint.language.values import type_name, wrap


def _to_date(layout: Any, value: Any) -> Time:
    try:
        return parse_time(text(layout), text(value))
    except ValueError:
        return Time(-62_135_596_800 * NS)


def _round(duration: Any) -> str:
    ns = 0
    if isinstance(duration, Duration):
        ns = duration.ns
    elif isinstance(duration, str):
        try:
            ns = parse_duration(duration).ns
        except ValueError:
            pass
    elif isinstance(duration, int) and duration.__class__ is not int:
        ns = duration
    rest = abs(ns)
    units = (("y", 31_536_000), ("mo", 2_592_000), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    for unit, seconds in units:
        if rest > seconds * NS:
            return f"{rest // (seconds * NS)}{unit}"
    return "0s"


def _duration(value: Any) -> str:
    """Of text, or of an int64 as sprig's own functions give it; a plain int counts as nothing."""
    seconds = 0
    if isinstance(value, str):
        digits = value[1:] if value[:1] in ("+", "-") else value
        seconds = int(value) if digits.isascii() and digits.isdigit() and len(digits) < 20 else 0
    elif isinstance(value, int) and value.__class__ not in (int, bool):
        seconds = int(value)
    return format_duration(wrap(seconds * NS))


def table(hooks: Hooks) -> dict[str, Callable[..., Any]]:
    """The functions by name."""

    def moment(value: Any) -> Time:
        if isinstance(value, Time):
            return value
        if type(value) is int:
            return Time(value * NS)
        return Time(hooks.now())

    def in_zone(layout: Any, value: Any, zone: Any) -> str:
        time = moment(value)
        try:
            return Time(time.ns, load_zone(text(zone))).format(text(layout))
        except ValueError:
            return Time(time.ns).format(text(layout))

    def modify(shift: Any, value: Any, strict: bool) -> Time:
        if not isinstance(value, Time):
            raise ValueError(f"wrong type {type_name(value)}, expected a time")
        try:
            return Time(value.ns + parse_duration(text(shift)).ns, value.zone)
        except ValueError:
            if strict:
                raise
            return value

    def ago(value: Any) -> str:
        seconds = (hooks.now() - moment(value).ns + NS // 2) // NS
        return format_duration(seconds * NS)

    def round_ago(value: Any) -> str:
        return _round(
            Duration(hooks.now() - value.ns)
            if isinstance(value, Time)
            else 0
            if isinstance(value, Duration)
            else value
        )

    return {
        "ago": ago,
        "date": lambda layout, value: moment(value).format(text(layout)),
        "date_in_zone": in_zone,
        "dateInZone": in_zone,
        "date_modify": lambda shift, value: modify(shift, value, False),
        "dateModify": lambda shift, value: modify(shift, value, False),
        "must_date_modify": lambda shift, value: modify(shift, value, True),
        "mustDateModify": lambda shift, value: modify(shift, value, True),
        "duration": _duration,
        "durationRound": round_ago,
        "htmlDate": lambda value: moment(value).format("2006-01-02"),
        "htmlDateInZone": lambda value, zone: in_zone("2006-01-02", value, zone),
        "mustToDate": lambda layout, value: parse_time(text(layout), text(value)),
        "toDate": _to_date,
        "now": lambda: Time(hooks.now()),
        "unixEpoch": lambda value: str(moment(value).ns // NS),
    }
