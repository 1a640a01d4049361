"""Time zones by the names that Go's time.LoadLocation takes."""

from __future__ import annotations

import functools
from datetime import UTC, tzinfo

from argolint.suggest import nearest


@functools.cache
def load_zone(name: str) -> tzinfo | None:
    """The zone `name`; None for `Local`, the zone of the controller's process. ValueError when there is none.

    As in Go, "" and `UTC` are UTC, names are case-sensitive, and a name that could leave the zone database is refused.
    """
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return None
    if ".." in name or name[0] in "/\\":
        raise ValueError(f"no time zone is called `{name}`")
    import zoneinfo  # 3 ms that a manifest without a zone does not pay

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone is called `{name}`") from None


def zone_exists(name: str) -> bool:
    """Whether Go would load the zone `name`; True for any where this machine has no zone database to ask."""
    try:
        load_zone(name)
    except ValueError:
        return not _has_database()
    return True


@functools.cache
def _has_database() -> bool:
    import zoneinfo

    return bool(zoneinfo.available_timezones())


def nearest_zones(name: str) -> list[str]:
    """Up to three names of zones that `name` may have meant, best first."""
    import zoneinfo

    known = zoneinfo.available_timezones()
    same = sorted(zone for zone in known if zone.lower() == name.lower().replace(" ", "_"))
    city = name.lower().replace(" ", "_").rpartition("/")[2]
    in_region = sorted(zone for zone in known if zone.lower().rpartition("/")[2] == city)
    near = nearest(name, known)
    found: list[str] = []
    for zone in [*same, *([near] if near else []), *in_region]:
        if zone not in found:
            found.append(zone)
    return found[:3]
