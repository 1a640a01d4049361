"""Times and durations as upstream writes and reads them. Nothing here looks at a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

ZERO = "0001-01-01T00:00:00Z"
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC, whole seconds (cut, not rounded), as Kubernetes writes times."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z" if moment.year >= 1000 else ZERO


def parse_time(text: object) -> datetime | None:
    """The moment of an RFC 3339 text, or None if it is none (or Go's zero time)."""
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    if not isinstance(text, str) or text == ZERO:
        return None
    found = _TIME.match(text)
    if not found:
        return None
    fraction = ((found.group(3) or ".0")[1:] + "000000")[:6]
    zone = found.group(4)
    zone = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{found.group(1)}T{found.group(2)}.{fraction}{zone}").astimezone(UTC)
    except ValueError:
        return None


def go_duration(text: str) -> float:
    """Seconds of a Go duration (`1h30m`, `500ms`); ValueError with upstream's words if it is none."""
    body, sign = text, 1.0
    if body[:1] in "+-" and body:
        sign = -1.0 if body[0] == "-" else 1.0
        body = body[1:]
    if body == "0":
        return 0.0
    total, position = 0.0, 0
    for part in _PART.finditer(body):
        if part.start() != position:
            break
        total += float(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    if not body or position != len(body):
        raise ValueError(f'time: invalid duration "{text}"')
    return sign * total


def parse_duration(value: object) -> float:
    """Seconds of a duration in a workflow: a whole number is seconds, anything else a Go duration.

    ValueError if it is neither.
    """
    if isinstance(value, bool):
        raise ValueError(f"unable to parse {value} as a duration")
    if isinstance(value, int):
        return float(value)
    text = str(value)
    try:
        return float(int(text))
    except ValueError:
        pass
    try:
        return go_duration(text)
    except ValueError:
        raise ValueError(f'unable to parse {text} as a duration: time: invalid duration "{text}"') from None


def later(moment: datetime, seconds: float) -> datetime:
    """`seconds` after `moment`; the end of time rather than an overflow."""
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def seconds_between(start: object, end: object, now: datetime) -> float:
    """Seconds from a start text to an end text (`now` if it is absent), 0 without a start."""
    began = parse_time(start)
    if began is None:
        return 0.0
    return max(0.0, ((parse_time(end) or now) - began).total_seconds())
