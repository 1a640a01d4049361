"""Go durations: `1h30m`, `500ms`. Upstream: time.ParseDuration."""

from __future__ import annotations

import re

from argolint.patterns import lazy

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = lazy(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_MAX = (1 << 63) - 1


def nanoseconds(text: str) -> int:
    """The length of a Go duration in nanoseconds. ValueError, in words, when `text` is not one."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return 0
    if not body:
        raise ValueError(f"`{text}` is not a duration")
    total, position = 0, 0
    while position < len(body):
        part = _PART.match(body, position)
        if part is None:
            if re.fullmatch(r"\d+\.?\d*", body):
                raise ValueError(f"the duration `{text}` has no unit; write `{text}s` for seconds")
            raise ValueError(f"`{text}` is not a duration such as `30s` or `1h30m`")
        whole, _, fraction = part[1].partition(".")
        unit = _UNITS[part[2]]
        total += int(whole or 0) * unit + (int(fraction) * unit // 10 ** len(fraction) if fraction else 0)
        position = part.end()
    if total > _MAX:
        raise ValueError(f"the duration `{text}` is longer than 292 years")
    return -total if text[0] == "-" else total
