"""What can be said of a schedule without asking when it fires next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from argolint.analysis.cron.schedule import STAR, Every, Schedule, Spec

# A fixed moment, so that the same manifest gives the same findings on every day. Two years from here hold four
# changes of summer time in every zone that has it.
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
_YEARS = timedelta(days=2 * 365)


def never_fires(schedule: Schedule) -> bool:
    """Whether no date matches, such as 30 February."""
    return schedule.next(ANCHOR) is None


def is_day_ambiguous(schedule: Schedule) -> bool:
    """Whether day of month and day of week are both restricted, so that either one will do."""
    return isinstance(schedule, Spec) and not (schedule.dom | schedule.dow) & STAR


def is_hour_bound(schedule: Schedule) -> bool:
    """Whether it fires at certain hours only, so that the time zone matters."""
    if isinstance(schedule, Every):
        return False
    return schedule.hour & ~STAR != (1 << 24) - 1 or not schedule.dom & STAR or not schedule.dow & STAR


def shortest_interval(schedule: Schedule, fires: int = 300) -> timedelta | None:
    """The shortest time between two of the next fire times; None when it fires less than twice in five years."""
    if isinstance(schedule, Every):
        return timedelta(seconds=schedule.seconds)
    shortest: timedelta | None = None
    last = schedule.next(ANCHOR)
    for _ in range(fires):
        following = schedule.next(last) if last is not None else None
        if last is None or following is None:
            break
        gap = following.astimezone(UTC) - last.astimezone(UTC)
        shortest = gap if shortest is None else min(shortest, gap)
        last = following
    return shortest


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
            if _matches(schedule, first):
                return ("skipped" if after > before else "doubled"), first
            first += timedelta(minutes=1)
    return None


def _offset(moment: datetime, zone: tzinfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _matches(spec: Spec, wall: datetime) -> bool:
    dom, dow = spec.dom >> wall.day & 1, spec.dow >> (wall.isoweekday() % 7) & 1
    both = is_day_ambiguous(spec)
    return bool(
        spec.minute >> wall.minute & 1
        and spec.hour >> wall.hour & 1
        and spec.month >> wall.month & 1
        and ((dom or dow) if both else (dom and dow))
    )
