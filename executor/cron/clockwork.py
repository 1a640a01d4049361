"""The schedules of `argolint.analysis.cron`, in the zone of a controller."""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from argolint.analysis.cron.fire import previous_fire
from argolint.analysis.cron.schedule import Schedule, parse
from executor.cron.decide import Schedules


def local_zone() -> tzinfo:
    """The zone of this machine, with its daylight saving rules: `TZ`, else /etc/localtime, else UTC."""
    name = os.environ.get("TZ", "").lstrip(":")
    if name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            return UTC
    try:
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file, key="localtime")
    except (OSError, ValueError):
        return UTC


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Schedule:
    return parse(text)


def schedules_in(zone: tzinfo) -> Schedules:
    """The clockwork for schedules that name no zone of their own and are read in `zone`."""

    def following(text: str, after: datetime) -> datetime | None:
        tick = _parsed(text).next(after.astimezone(zone))
        return tick.astimezone(UTC) if tick is not None else None

    def last(text: str, after: datetime, before: datetime) -> datetime | None:
        tick = previous_fire(_parsed(text), before.astimezone(zone), after.astimezone(zone))
        return tick.astimezone(UTC) if tick is not None else None

    return Schedules(following, last)
