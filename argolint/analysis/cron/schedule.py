"""The schedule grammar, and the next fire time of one schedule.

Upstream: robfig/cron v3, parser.go and spec.go. Its oddities are kept: empty list items are dropped (`1,,2`),
`*-5` is `*`, `N/step` runs to the end of the range, 7 is no weekday, and a day matches when day-of-month OR
day-of-week does if both are restricted.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from argolint.analysis.cron.zones import load_zone
from argolint.patterns import lazy
from argolint.schema.duration import nanoseconds

# Set in a field that was given as `*` or `?` without a step above 1.
STAR = 1 << 63

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}


class Bounds(NamedTuple):
    """A field's name, lowest and highest value, and the words it takes."""

    name: str
    low: int
    high: int
    words: dict[str, int]


FIELDS = (
    Bounds("minute", 0, 59, {}),
    Bounds("hour", 0, 23, {}),
    Bounds("day of month", 1, 31, {}),
    Bounds("month", 1, 12, _MONTHS),
    Bounds("day of week", 0, 6, _DAYS),
)

# Descriptor → the five fields that mean the same.
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_TOKEN = lazy(r"\S+")
_INTEGER = lazy(r"[+-]?[0-9]+")


class ScheduleError(ValueError):
    """A schedule that robfig/cron does not parse; `start` and `end` are offsets into the text given.

    `fields` is how many fields there are when their number is what is wrong, else None.
    """

    def __init__(self, message: str, start: int, end: int, fields: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.fields = fields


class Spec(NamedTuple):
    """Five fields as bit sets; `zone` is None when the text names none."""

    text: str
    minute: int
    hour: int
    dom: int
    month: int
    dow: int
    zone: tzinfo | None = None

    def next(self, after: datetime) -> datetime | None:
        """The first fire time later than `after` (aware), in its zone; None when none comes within five years.

        A schedule without a zone of its own is read in the zone of `after`.
        """
        here = _aware_zone(after)
        found = _next_instant(self, int(after.timestamp() // 1), self.zone or here)
        return None if found is None else datetime.fromtimestamp(found, here)


class Every(NamedTuple):
    """`@every`: a constant delay in whole seconds, at least one, counted from the last run."""

    text: str
    seconds: int
    zone: tzinfo | None = None

    def next(self, after: datetime) -> datetime | None:
        """`after` plus the delay, without its fraction of a second; None past the last year that a date can have."""
        here = _aware_zone(after)
        try:
            return (
                after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=self.seconds)
            ).astimezone(here)
        except OverflowError:
            return None


Schedule = Spec | Every


@lru_cache(maxsize=256)
def parse(text: str) -> Schedule:
    """Parse one schedule, with its optional `TZ=`/`CRON_TZ=` prefix. ScheduleError, with offsets, when it is none."""
    if not text:
        raise ScheduleError("the schedule is empty", 0, 0)
    zone, start = _prefix(text)
    # Only what follows a prefix is trimmed: `" @daily"` is no descriptor.
    body = text[start:].rstrip() if start else text
    if body.startswith("@"):
        return _descriptor(text, body, start, zone)
    tokens = [(match[0], start + match.start()) for match in _TOKEN.finditer(body)]
    if len(tokens) != 5:
        count = len(tokens)
        plural = "field" if count == 1 else "fields"
        raise ScheduleError(
            f"a schedule has five fields, this has {count} {plural}", start, start + len(body), count
        )
    return _spec(text, tokens, zone)


def _spec(text: str, tokens: list[tuple[str, int]], zone: tzinfo | None) -> Spec:
    minute, hour, dom, month, dow = (
        parse_field(token, bounds, offset) for (token, offset), bounds in zip(tokens, FIELDS)
    )
    return Spec(text, minute, hour, dom, month, dow, zone)


def _prefix(text: str) -> tuple[tzinfo | None, int]:
    """The zone that a prefix names, and where the schedule proper begins."""
    if not text.startswith(("TZ=", "CRON_TZ=")):
        return None, 0
    begin = text.index("=") + 1
    end = text.find(" ")
    if end < 0:
        raise ScheduleError("nothing follows the time zone", 0, len(text))
    try:
        zone = load_zone(text[begin:end])
    except ValueError as error:
        raise ScheduleError(str(error), begin, end) from None
    rest = text[end:]
    return zone, end + len(rest) - len(rest.lstrip())


def _descriptor(text: str, body: str, start: int, zone: tzinfo | None) -> Schedule:
    fields = DESCRIPTORS.get(body)
    if fields is not None:
        return _spec(text, [(token, start) for token in fields.split()], zone)
    if body.startswith("@every "):
        try:
            length = nanoseconds(body[len("@every ") :])
        except ValueError as error:
            raise ScheduleError(str(error), start + len("@every "), start + len(body)) from None
        return Every(text, max(1, length // 1_000_000_000), zone)
    known = ", ".join([*DESCRIPTORS, "@every <duration>"])
    raise ScheduleError(f"`{body}` is not one of {known}", start, start + len(body))


def parse_field(token: str, bounds: Bounds, offset: int) -> int:
    """The bit set of one field; `offset` is where it stands in the schedule, for errors."""
    bits = 0
    position = offset
    for item in token.split(","):
        if item:
            bits |= _parse_range(item, bounds, position)
        position += len(item) + 1
    return bits


def _parse_range(item: str, bounds: Bounds, at: int) -> int:
    def fail(message: str) -> ScheduleError:
        return ScheduleError(message, at, at + len(item))

    parts = item.split("/")
    ends = parts[0].split("-")
    star = 0
    if ends[0] in ("*", "?"):
        low, high, star = bounds.low, bounds.high, STAR
    else:
        if len(ends) > 2:
            raise fail(f"`{item}` has more than one hyphen")
        low = _number(ends[0], bounds, fail)
        high = _number(ends[1], bounds, fail) if len(ends) == 2 else low
    step = 1
    if len(parts) > 2:
        raise fail(f"`{item}` has more than one slash")
    if len(parts) == 2:
        step = _number(parts[1], Bounds("step", 0, 0, {}), fail)
        if len(ends) == 1:
            high = bounds.high
        if step > 1:
            star = 0
    span = f"the {bounds.name} goes from {bounds.low} to {bounds.high}"
    if low < bounds.low:
        raise fail(f"{low} is too small: {span}")
    if high > bounds.high:
        hint = "; Sunday is 0" if bounds.name == "day of week" and high == 7 else ""
        raise fail(f"{high} is too large: {span}{hint}")
    if low > high:
        raise fail(f"the range `{item}` ends before it begins")
    if step == 0:
        raise fail(f"the step of `{item}` is 0")
    return sum(1 << value for value in range(low, high + 1, step)) | star


def _number(text: str, bounds: Bounds, fail: object) -> int:
    word = bounds.words.get(text.lower())
    if word is not None:
        return word
    if not _INTEGER.fullmatch(text) or len(text) > 18:
        raise fail(f"`{text}` is not a {bounds.name}" if text else "a number is missing")  # type: ignore[operator]
    if int(text) < 0:
        raise fail(f"{text} is negative")  # type: ignore[operator]
    return int(text)


def _aware_zone(moment: datetime) -> tzinfo:
    if moment.tzinfo is None:
        raise ValueError("a fire time is counted from a moment with a time zone")
    return moment.tzinfo


def _day_matches(spec: Spec, local: datetime) -> bool:
    dom = bool(spec.dom >> local.day & 1)
    dow = bool(spec.dow >> (local.isoweekday() % 7) & 1)
    if spec.dom & STAR or spec.dow & STAR:
        return dom and dow
    return dom or dow


def _go_date(
    year: int, month: int, day: int, hour: int, zone: tzinfo, minute: int = 0, second: int = 0
) -> int:
    """Go's time.Date: the epoch second of a wall time; days overflow into the next month, gaps as in Go."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    days = date(year, month, 1).toordinal() + day - 1 - 719163
    wall = days * 86400 + hour * 3600 + minute * 60 + second
    return wall - _offset(wall - _offset(wall, zone), zone)


def _offset(instant: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(instant, zone).utcoffset()
    return 0 if offset is None else offset.days * 86400 + offset.seconds


def _next_instant(spec: Spec, after: int, zone: tzinfo) -> int | None:
    """SpecSchedule.Next of robfig/cron v3.0.1, on epoch seconds; the second field is always 0."""
    t = after + 1
    local = datetime.fromtimestamp(t, zone)
    year_limit = local.year + 5
    added = False
    while True:
        if local.year > min(year_limit, 9990):
            return None
        wrapped = False
        while not spec.month >> local.month & 1:
            if not added:
                added = True
                t = _go_date(local.year, local.month, 1, 0, zone)
                local = datetime.fromtimestamp(t, zone)
            t = _go_date(local.year, local.month + 1, local.day, local.hour, zone, local.minute, local.second)
            local = datetime.fromtimestamp(t, zone)
            if local.month == 1:
                wrapped = True
                break
        if wrapped:
            continue
        while not _day_matches(spec, local):
            if not added:
                added = True
                t = _go_date(local.year, local.month, local.day, 0, zone)
                local = datetime.fromtimestamp(t, zone)
            t = _go_date(local.year, local.month, local.day + 1, local.hour, zone, local.minute, local.second)
            local = datetime.fromtimestamp(t, zone)
            if local.hour:  # midnight does not exist on this day
                t += (24 - local.hour if local.hour > 12 else -local.hour) * 3600
                local = datetime.fromtimestamp(t, zone)
            if local.day == 1:
                wrapped = True
                break
        if wrapped:
            continue
        while not spec.hour >> local.hour & 1:
            if not added:
                added = True
                t = _go_date(local.year, local.month, local.day, local.hour, zone)
            t += 3600
            local = datetime.fromtimestamp(t, zone)
            if local.hour == 0:
                wrapped = True
                break
        if wrapped:
            continue
        while not spec.minute >> local.minute & 1:
            if not added:
                added = True
                t -= t % 60
            t += 60
            local = datetime.fromtimestamp(t, zone)
            if local.minute == 0:
                wrapped = True
                break
        if wrapped:
            continue
        while local.second:
            t += 1
            local = datetime.fromtimestamp(t, zone)
            if local.second == 0:
                wrapped = True
                break
        if not wrapped:
            return t
