"""Fire times of a CronWorkflow's schedules together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from argolint.analysis.cron.schedule import Every, Schedule, parse

# How far back to look for the last fire time, in growing steps; five years is as far as `next` looks ahead.
_WINDOWS = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=32),
    timedelta(days=370),
    timedelta(days=5 * 366),
)


def parse_all(schedules: Iterable[str], timezone: str = "") -> list[Schedule]:
    """Each schedule as the controller reads it: with the prefix that `spec.timezone` becomes.

    ScheduleError for the first that does not parse; its offsets count from the start of the schedule itself when the
    mistake is there.
    """
    prefix = f"CRON_TZ={timezone} " if timezone else ""
    return [parse(prefix + schedule) for schedule in schedules]


def next_fires(schedules: Sequence[str], timezone: str, after: datetime, n: int) -> list[datetime]:
    """The next `n` fire times later than `after`, earliest first, in the zone of `after`.

    Instants that several schedules share count once, since their runs would have one name. ScheduleError when a
    schedule does not parse.
    """
    parsed = parse_all(schedules, timezone)
    heads = [schedule.next(after) for schedule in parsed]
    fires: list[datetime] = []
    while len(fires) < n:
        known = [head for head in heads if head is not None]
        if not known:
            break
        first = min(known, key=_instant)
        fires.append(first)
        heads = [
            schedule.next(first) if head is not None and _instant(head) == _instant(first) else head
            for schedule, head in zip(parsed, heads)
        ]
    return fires


def previous_fire(schedule: Schedule, before: datetime, since: datetime | None = None) -> datetime | None:
    """The latest fire time earlier than `before` and later than `since`; None when there is none.

    Both are aware; the answer is in the zone of `before`. Without `since` the search goes back five years, and
    `@every`, which counts from its last run, has no answer.
    """
    if isinstance(schedule, Every):
        if since is None:
            return None
        first = schedule.next(since)
        if first is None or _instant(first) >= _instant(before):
            return None
        # Of first + k * delay, the latest that is strictly earlier than `before`.
        gap = _instant(before) - _instant(first)
        delay = timedelta(seconds=schedule.seconds)
        steps = max(0, -(-gap // delay) - 1)
        return (first.astimezone(UTC) + steps * delay).astimezone(before.tzinfo)
    for window in _WINDOWS:
        start = _instant(before) - window
        bounded = since is not None and start <= _instant(since)
        if bounded and since is not None:
            start = _instant(since)
        last = None
        tick = schedule.next(start.astimezone(before.tzinfo))
        while tick is not None and _instant(tick) < _instant(before):
            last, tick = tick, schedule.next(tick)
        if last is not None or bounded:
            return last
    return None


def _instant(moment: datetime) -> datetime:
    """`moment` in UTC: Python compares two moments of one zone by their wall clocks, wrong in an autumn fold."""
    return moment.astimezone(UTC)
