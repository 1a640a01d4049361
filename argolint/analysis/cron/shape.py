"""What can be said of a schedule without asking when it fires next."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise

from argolint.analysis.cron.schedule import STAR, Every, Schedule, Spec

# A fixed moment, so that the same manifest gives the same findings on every day. Two years from here hold four
# changes of summer time in every zone that has it.
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
_YEARS = timedelta(days=2 * 365)


def never_fires(schedule: Schedule) -> bool:
    """Whether no date matches, such as 30 February."""
    if isinstance(schedule, Spec) and _days(schedule.dom, schedule.month, schedule.dow) is None:
        return True
    return schedule.next(ANCHOR) is None


def is_day_ambiguous(schedule: Schedule) -> bool:
    """Whether day of month and day of week are both restricted, so that either one will do."""
    return isinstance(schedule, Spec) and not (schedule.dom | schedule.dow) & STAR


def is_hour_bound(schedule: Schedule) -> bool:
    """Whether it fires at certain hours only, so that the time zone matters."""
    if isinstance(schedule, Every):
        return False
    return schedule.hour & ~STAR != (1 << 24) - 1 or not schedule.dom & STAR or not schedule.dow & STAR


def shortest_interval(schedule: Schedule) -> timedelta | None:
    """The shortest time between two fire times by the clock on the wall; None when it fires less than twice in five years.

    Worked out from the fields: walking from one fire time to the next takes too long for a file of a thousand schedules.
    """
    if isinstance(schedule, Every):
        return timedelta(seconds=schedule.seconds)
    days = _days(schedule.dom, schedule.month, schedule.dow)
    minutes = [minute for minute in range(60) if schedule.minute >> minute & 1]
    hours = [hour for hour in range(24) if schedule.hour >> hour & 1]
    if days is None or not minutes or not hours:
        return None
    gaps = [later - sooner for sooner, later in pairwise(minutes)]
    gaps += [(later - sooner) * 60 - minutes[-1] + minutes[0] for sooner, later in pairwise(hours)]
    if days:
        length = (hours[-1] - hours[0]) * 60 + minutes[-1] - minutes[0]
        gaps.append(days * 24 * 60 - length)
    return timedelta(minutes=min(gaps)) if gaps else None


@lru_cache(maxsize=4096)
def _days(dom: int, month: int, dow: int) -> int | None:
    """How many days lie between two days that match, at the least, in five years from `ANCHOR`.

    0 when only one day matches, None when none does.
    """
    least, last = 0, 0
    first = ANCHOR.toordinal()
    either = not (dom | dow) & STAR
    for year in range(ANCHOR.year, ANCHOR.year + 5):
        for number in range(1, 13):
            if not month >> number & 1:
                continue
            start = date(year, number, 1).toordinal()
            stop = date(year + number // 12, number % 12 + 1, 1).toordinal()
            for day in range(start, stop):
                by_date, by_weekday = dom >> (day - start + 1) & 1, dow >> (day % 7) & 1
                if not ((by_date or by_weekday) if either else (by_date and by_weekday)):
                    continue
                if last:
                    least = min(least, day - last) if least else day - last
                    if least == 1:
                        return 1
                last = day
    return least if last >= first else None


@lru_cache(maxsize=64)
def clock_changes(zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """Changes of the zone's clock in the two years from `ANCHOR`: the naive wall times just before and just after."""
    changes: list[tuple[datetime, datetime]] = []
    step, moment = timedelta(days=1), ANCHOR
    while moment < ANCHOR + _YEARS:
        if _offset(moment, zone) != _offset(moment + step, zone):
            low, high = moment, moment + step
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
            instant = high.replace(second=0, microsecond=0)
            changes.append(
                (
                    (instant + _offset(low, zone)).replace(tzinfo=None),
                    (instant + _offset(high, zone)).replace(tzinfo=None),
                )
            )
        moment += step
    return changes


def skipped_or_doubled(schedule: Schedule, zone: tzinfo) -> tuple[str, datetime] | None:
    """Whether a change of the zone's clock skips a fire time (`skipped`) or repeats it (`doubled`), and which.

    Only for schedules bound to certain hours; one that fires every hour loses or gains an hour by nature.
    """
    if not isinstance(schedule, Spec) or schedule.hour & ~STAR == (1 << 24) - 1:
        return None
    for before, after in clock_changes(zone):
        first, last = min(before, after), max(before, after)
        while first < last:
            # A whole hour at once, when the schedule has none of its minutes.
            if not (_has_day(schedule, first) and schedule.hour >> first.hour & 1):
                first = first.replace(minute=0) + timedelta(hours=1)
                continue
            if schedule.minute >> first.minute & 1:
                return ("skipped" if after > before else "doubled"), first
            first += timedelta(minutes=1)
    return None


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _has_day(spec: Spec, wall: datetime) -> bool:
    dom, dow = spec.dom >> wall.day & 1, spec.dow >> (wall.isoweekday() % 7) & 1
    return bool(spec.month >> wall.month & 1 and ((dom or dow) if is_day_ambiguous(spec) else (dom and dow)))
