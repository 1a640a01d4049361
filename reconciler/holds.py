"""What keeps argosync from writing: holds on objects, freeze windows, and fights with another writer."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from argolint.errors import UserError
from reconciler.model import Obj
from reconciler.opsconfig import Window
from reconciler.text import clean


class Hold(NamedTuple):
    """A person's word on one object: it stays as it is, or `fields` (dotted path -> value) are kept at these values."""

    fields: dict[str, Any]
    reason: str
    by: str
    since: str
    until: str

    @property
    def text(self) -> str:
        """For people."""
        end = f" until {self.until[:16]}Z" if self.until else ""
        return clean(f"held by {self.by}{end}: {self.reason}", limit=300)


def holds_of(data: Obj, now: datetime) -> dict[str, Hold]:
    """The holds that count at `now`, by the name of the object (`Kind namespace/name`)."""
    found = {}
    for name, value in (data.get("holds") or {}).items():
        hold = Hold(**value)
        if not hold.until or now < datetime.fromisoformat(hold.until):
            found[name] = hold
    return found


def held_manifest(manifest: Obj, hold: Hold) -> Obj:
    """`manifest` with the hold's fields at the hold's values."""
    out = copy.deepcopy(manifest)
    for path, value in hold.fields.items():
        *parents, last = path.split(".")
        node = out
        for step in parents:
            node = node.setdefault(step, {})
        node[last] = value
    return out


def field_of(text: str) -> tuple[str, Any]:
    """(path, value) of `spec.suspend=true`; the value is read as YAML. Raises UserError."""
    import yaml

    path, equals, value = text.partition("=")
    parts = path.split(".")
    if not equals or parts[0] != "spec" or len(parts) < 2 or not all(parts):
        raise UserError(f"--field {text!r} is not a field of spec", "write spec.suspend=true")
    try:
        return path, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UserError(f"--field {text!r}: the value is not YAML", "quote it") from error


def frozen(windows: Iterable[Window], now: datetime) -> Window | None:
    """The window that is open at `now`, or None."""
    from argolint.analysis.cron import parse_all, previous_fire

    for window in windows:
        if window.start is not None and window.end is not None:
            if window.start <= now < window.end:
                return window
            continue
        since = now - timedelta(seconds=window.length)
        for schedule in parse_all([window.cron], window.timezone):
            if previous_fire(schedule, now + timedelta(seconds=1), since) is not None:
                return window
    return None


def note_writes(data: Obj, keys: Iterable[str], now: datetime, within: float) -> None:
    """Remember that these objects were set back; what is older than `within` seconds is forgotten."""
    healed: dict[str, list[str]] = data.setdefault("healed", {})
    for key in keys:
        healed.setdefault(key, []).append(now.isoformat())
    for key in list(healed):
        healed[key] = recent(healed[key], now, within)
        if not healed[key]:
            del healed[key]


def fights(data: Mapping[str, Any], now: datetime, times: int, within: float) -> dict[str, int]:
    """Objects that were set back `times` or more within the last `within` seconds, and how often."""
    found = {k: len(recent(v, now, within)) for k, v in (data.get("healed") or {}).items()}
    return {k: n for k, n in found.items() if n >= times}


def recent(moments: list[str], now: datetime, within: float) -> list[str]:
    """The moments that are at most `within` seconds old."""
    return [m for m in moments if (now - datetime.fromisoformat(m)).total_seconds() <= within]
