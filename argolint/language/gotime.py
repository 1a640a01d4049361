"""Go's time.Time and time.Duration: arithmetic, printing, layouts."""

from __future__ import annotations

import datetime
import re
from typing import Any

from argolint.patterns import lazy

NS = 1_000_000_000
_UNITS = {"ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": NS, "m": 60 * NS, "h": 3600 * NS}
_UNIT = lazy(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
YEAR_ONE = -62_135_596_800 * NS
YEAR_ZERO = YEAR_ONE - 366 * 86_400 * NS
CYCLE = 146_097 * 86_400 * NS  # 400 years, after which the calendar is the same again
RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00"


class Duration:
    """A length of time in nanoseconds."""

    __slots__ = ("ns",)

    def __init__(self, ns: int) -> None:
        self.ns = ns

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and other.ns == self.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def __repr__(self) -> str:
        return f"Duration({self.ns})"

    def __str__(self) -> str:
        return format_duration(self.ns)


def format_duration(ns: int) -> str:
    """Nanoseconds as Go prints a Duration: `1h2m3.5s`, `1.5ms`, `0s`."""
    sign, rest = ("-", -ns) if ns < 0 else ("", ns)
    if rest == 0:
        return "0s"
    if rest < NS:
        for unit, size in (("ms", 1_000_000), ("µs", 1000), ("ns", 1)):
            if rest >= size:
                return f"{sign}{_fraction(rest, size)}{unit}"
    minutes, seconds = divmod(rest, 60 * NS)
    text = f"{_fraction(seconds, NS)}s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}"
    return sign + text


def _fraction(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    if not rest:
        return str(whole)
    digits = str(unit + rest)[1:].rstrip("0")
    return f"{whole}.{digits}"


def parse_duration(text: str) -> Duration:
    """Text such as `1h30m` or `-1.5s`. Raises ValueError with Go's message."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return Duration(0)
    total, at = 0, 0
    if not body or len(body) > 200:
        raise ValueError(f'time: invalid duration "{text[:80]}"')
    while at < len(body):
        match = _UNIT.match(body, at)
        if match is None or not (match.group(1) or match.group(2)):
            number = re.compile(r"[0-9.]+").match(body, at)
            if number and number.group() != "." and number.end() == len(body):
                raise ValueError(f'time: missing unit in duration "{text}"')
            if number and number.group() != ".":
                unit = re.split(r"[0-9.]", body[number.end() :])[0]
                raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
            raise ValueError(f'time: invalid duration "{text}"')
        whole, fraction, unit = match.groups()
        size = _UNITS[unit]
        total += int(whole or 0) * size
        if fraction:
            total += int(fraction) * size // 10 ** len(fraction)
        at = match.end()
    if total > 0x7FFFFFFFFFFFFFFF:
        raise ValueError(f'time: invalid duration "{text}"')
    return Duration(-total if text.startswith("-") else total)


class Enum(int):
    """A time.Month or a time.Weekday: a number with a name, which arithmetic does not take."""

    name: str
    type_name: str

    def __new__(cls, value: int, type_name: str, name: str) -> Enum:
        made = super().__new__(cls, value)
        made.type_name, made.name = type_name, name
        return made

    def __str__(self) -> str:
        return self.name


class Time:
    """An instant (`ns` since 1970) and the zone it is shown in (a tzinfo; None is UTC)."""

    __slots__ = ("ns", "zone")

    def __init__(self, ns: int, zone: datetime.tzinfo | None = None) -> None:
        self.ns = ns
        self.zone = zone

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and other.ns == self.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    def __repr__(self) -> str:
        return f"Time({self.rfc3339(nano=True)})"

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")

    def civil(self) -> datetime.datetime:
        """The wall clock in the zone, to microseconds; of the year 0, which datetime lacks, the year 400 stands for it.

        Raises ValueError beyond the years 0 to 9999.
        """
        if self.year_zero:
            return Time(self.ns + CYCLE, self.zone).civil()
        try:
            moment = _EPOCH + datetime.timedelta(microseconds=self.ns // 1000)
            return moment.astimezone(self.zone) if self.zone else moment
        except (OverflowError, ValueError):
            raise ValueError("time is out of range") from None

    @property
    def year_zero(self) -> bool:
        """Whether it is before the year 1 by UTC."""
        return YEAR_ZERO <= self.ns < YEAR_ONE

    @property
    def year(self) -> int:
        """The year in its zone."""
        return 0 if self.year_zero else self.civil().year

    def rfc3339(self, nano: bool = False) -> str:
        """The instant as RFC 3339 text, with the fraction if `nano`."""
        return self.format(RFC3339_NANO if nano else RFC3339)

    def format(self, layout: str) -> str:
        """The instant in a Go layout such as `2006-01-02`."""
        return format_time(self, layout)


def from_unix(seconds: float, zone: datetime.tzinfo | None = None) -> Time:
    """Seconds since 1970 as a Time, to microseconds."""
    return Time(round(seconds * 1_000_000) * 1000, zone)


def from_datetime(moment: datetime.datetime) -> Time:
    """A Python datetime (naive means UTC) as a Time."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    delta = aware - _EPOCH
    ns = (delta.days * 86400 + delta.seconds) * NS + delta.microseconds * 1000
    utc = aware.tzname() == "UTC" and aware.utcoffset() == datetime.timedelta(0)
    return Time(ns, None if utc else aware.tzinfo)


def load_zone(name: str) -> datetime.tzinfo | None:
    """The zone of an IANA name; UTC is None. Raises ValueError for an unknown one."""
    if name in ("", "UTC", "Local"):
        return None
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name}") from None


class Zone:
    """A time.Location, as `timezone()` gives it. Raises ValueError for an unknown name."""

    __slots__ = ("name", "zone")

    def __init__(self, name: str, zone: datetime.tzinfo | None = None) -> None:
        self.name = name or "UTC"
        self.zone = zone or load_zone(name)

    def __str__(self) -> str:
        return self.name


# Layouts.

_LAYOUT = lazy(
    r"January|Jan|Monday|Mon|MST|2006|__2|_2|02|01|03|04|05|06|002|15|PM|pm"
    r"|-07:00:00|-070000|-07:00|-0700|-07|Z07:00:00|Z070000|Z07:00|Z0700|Z07"
    r"|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5"
)


def _tokens(layout: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    for match in _LAYOUT.finditer(layout):
        word = match.group()
        if (
            word == "Jan"
            and layout[match.end() : match.end() + 1].islower()
            and not layout.startswith("January", match.start())
        ):
            continue
        if match.start() > at:
            found.append(("", layout[at : match.start()]))
        found.append((word, word))
        at = match.end()
    if at < len(layout):
        found.append(("", layout[at:]))
    return found


def zone_name(moment: datetime.datetime) -> str:
    """The abbreviation of the zone as Go shows it; an offset without a name shows as `+0200`."""
    if moment.tzinfo is datetime.UTC:
        return "UTC"
    name = moment.tzname() or "UTC"
    if isinstance(moment.tzinfo, datetime.timezone) and name.startswith("UTC"):
        return _offset(moment, "-0700")
    return name


def _offset(moment: datetime.datetime, word: str) -> str:
    delta = moment.utcoffset() or datetime.timedelta(0)
    seconds = int(delta.total_seconds())
    if word.startswith("Z"):
        if seconds == 0:
            return "Z"
        word = "-" + word[1:]
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    minutes, secs = divmod(rest, 60)
    text = {
        "-07": f"{hours:02d}",
        "-0700": f"{hours:02d}{minutes:02d}",
        "-07:00": f"{hours:02d}:{minutes:02d}",
    }.get(word)
    if text is None:
        colon = ":" if ":" in word else ""
        text = f"{hours:02d}{colon}{minutes:02d}{colon}{secs:02d}"
    return sign + text


def format_time(time: Time, layout: str) -> str:
    """A Time in a Go layout."""
    moment = time.civil()
    if time.year_zero and "06" in layout:
        layout = layout.replace("2006", "0000").replace("06", "00")
    return "".join(
        text if not word else _format_word(word, moment, time.ns % NS) for word, text in _tokens(layout)
    )


def _format_word(word: str, moment: datetime.datetime, ns: int) -> str:
    hour12 = moment.hour % 12 or 12
    simple: dict[str, Any] = {
        "January": MONTHS[moment.month - 1],
        "Jan": MONTHS[moment.month - 1][:3],
        "Monday": DAYS[moment.weekday()],
        "Mon": DAYS[moment.weekday()][:3],
        "2006": f"{moment.year:04d}",
        "06": f"{moment.year % 100:02d}",
        "01": f"{moment.month:02d}",
        "1": moment.month,
        "02": f"{moment.day:02d}",
        "_2": f"{moment.day:2d}",
        "2": moment.day,
        "002": f"{moment.timetuple().tm_yday:03d}",
        "__2": f"{moment.timetuple().tm_yday:3d}",
        "15": f"{moment.hour:02d}",
        "03": f"{hour12:02d}",
        "3": hour12,
        "04": f"{moment.minute:02d}",
        "4": moment.minute,
        "05": f"{moment.second:02d}",
        "5": moment.second,
        "PM": "PM" if moment.hour >= 12 else "AM",
        "pm": "pm" if moment.hour >= 12 else "am",
        "MST": zone_name(moment),
    }
    if word in simple:
        return str(simple[word])
    if word[0] in "-Z":
        return _offset(moment, word)
    digits = f"{ns:09d}"[: len(word) - 1]
    if word[1] == "0":
        return word[0] + digits.ljust(len(word) - 1, "0")
    stripped = digits.rstrip("0")
    return word[0] + stripped if stripped else ""


_PATTERNS = {
    "January": "(" + "|".join(MONTHS) + ")",
    "Jan": "(" + "|".join(name[:3] for name in MONTHS) + ")",
    "Monday": "(" + "|".join(DAYS) + ")",
    "Mon": "(" + "|".join(name[:3] for name in DAYS) + ")",
    "2006": r"(\d{4})",
    "06": r"(\d\d)",
    "002": r"(\d{3})",
    "__2": r"([ \d]{2}\d)",
    "_2": r"([ \d]?\d)",
    "15": r"(\d\d)",
    "PM": "(AM|PM)",
    "pm": "(am|pm)",
    "MST": r"(GMT[+-]\d{1,2}|[A-Z]{3,5}|[+-]\d\d)",
}


def parse_time(layout: str, text: str, zone: datetime.tzinfo | None = None) -> Time:
    """Text in a Go layout as a Time; `zone` is for texts that name none. Raises ValueError with Go's message."""
    words = _tokens(layout)
    pattern, names = _layout_pattern(words)
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "{layout}"')
    fields: dict[str, str] = {}
    for name, value in zip(names, match.groups()):
        fields[name] = value or ""
    try:
        return _assemble(fields, zone)
    except (ValueError, OverflowError):
        raise ValueError(f'parsing time "{text}": value out of range') from None


def _layout_pattern(words: list[tuple[str, str]]) -> tuple[str, list[str]]:
    parts: list[str] = []
    names: list[str] = []
    for index, (word, text) in enumerate(words):
        if not word:
            parts.append(re.escape(text))
            continue
        if word[0] in ".," and word[1] == "9":
            parts.append(r"(?:[.,](\d{1,9}))?")
        elif word[0] in ".,":
            parts.append(r"[.,](\d{" + str(len(word) - 1) + "})")
        elif word in _PATTERNS:
            parts.append(_PATTERNS[word])
        elif word[0] in "-Z":
            digits = word.replace("Z", "-").replace("-", "").replace("07", r"\d\d").replace("00", r"\d\d")
            parts.append(f"(Z|[+-]{digits})" if word[0] == "Z" else f"([+-]{digits})")
            word = "offset"
        else:
            parts.append(r"(\d\d)" if len(word) == 2 else r"(\d{1,2})")
        names.append(word)
        following = words[index + 1][0] if index + 1 < len(words) else ""
        if word in ("05", "5") and not (following and following[0] in ".,"):
            parts.append(r"(?:[.,](\d{1,9}))?")
            names.append(".0")
    return "".join(parts), names


def _assemble(fields: dict[str, str], zone: datetime.tzinfo | None) -> Time:
    def number(*keys: str, default: int) -> int:
        for key in keys:
            if fields.get(key):
                return int(fields[key])
        return default

    year = number("2006", default=-1)
    if year < 0:
        short = number("06", default=-1)
        year = 0 if short < 0 else short + (1900 if short >= 69 else 2000)
    month = number("01", "1", default=0)
    for key, size in (("January", 9), ("Jan", 3)):
        if fields.get(key):
            month = [name[:size] for name in MONTHS].index(fields[key]) + 1
    hour = number("15", "03", "3", default=0)
    half = (fields.get("PM") or fields.get("pm") or "").lower()
    if half == "pm" and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    yearday = number("002", "__2", default=0)
    moment = datetime.datetime(
        year or 400,
        month or 1,
        number("02", "2", "_2", default=1),
        hour,
        number("04", "4", default=0),
        number("05", "5", default=0),
    )
    if yearday:
        moment = moment.replace(month=1, day=1) + datetime.timedelta(days=yearday - 1)
    fraction = next((value for key, value in fields.items() if key[0] in ".," and value), "")
    offset = fields.get("offset", "")
    aware: datetime.datetime
    if offset and offset != "Z":
        digits = offset[1:].replace(":", "").ljust(6, "0")
        delta = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:6]))
        aware = moment.replace(tzinfo=datetime.timezone(-delta if offset[0] == "-" else delta))
        if zone is not None and aware.astimezone(zone).utcoffset() == aware.utcoffset():
            aware = aware.astimezone(zone)
    elif offset:
        aware = moment.replace(tzinfo=datetime.UTC)
    elif fields.get("MST", "UTC") != "UTC":
        aware = _in_named_zone(moment, fields["MST"], zone)
    elif zone is None or fields.get("MST"):
        aware = moment.replace(tzinfo=datetime.UTC)
    else:
        aware = moment.replace(tzinfo=zone)
    time = from_datetime(aware)
    if year == 0:
        time = Time(time.ns - CYCLE, time.zone)
    return Time(time.ns + int(fraction.ljust(9, "0") or 0) if fraction else time.ns, time.zone)


def _in_named_zone(moment: datetime.datetime, name: str, zone: datetime.tzinfo | None) -> datetime.datetime:
    """A wall clock with a zone's abbreviation: that of `zone` if it has it, else one without an offset, as Go makes it up."""
    if zone is not None:
        for fold in (0, 1):
            local = moment.replace(tzinfo=zone, fold=fold)
            if local.tzname() == name:
                return local
    hours = int(name[3:]) if name.startswith("GMT") and len(name) > 3 else 0
    return moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=hours), name))
