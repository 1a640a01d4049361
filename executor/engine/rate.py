"""The controller's `resourceRateLimit` as a value: a token bucket without a clock (upstream: golang.org/x/time/rate).

A driver keeps one bucket for all its workflows: it refills it before a pass, gives the engine the whole tokens as
`Context.creation_budget`, and spends one for each CreatePod that comes back.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Bucket(NamedTuple):
    """`limit` tokens a second, at most `burst`; `tokens` there were at `at`."""

    limit: float
    burst: int
    tokens: float
    at: datetime

    def refilled(self, now: datetime) -> Bucket:
        """The bucket as it is now; time that runs backwards adds nothing."""
        if now <= self.at:
            return self
        tokens = min(float(self.burst), self.tokens + (now - self.at).total_seconds() * self.limit)
        return self._replace(tokens=tokens, at=now)

    def spent(self, count: int) -> Bucket:
        """The bucket after `count` creations."""
        return self._replace(tokens=self.tokens - count)

    @property
    def budget(self) -> int:
        """How many pods may be created now."""
        return max(0, int(self.tokens))

    @property
    def retry_seconds(self) -> float:
        """Seconds until there is a whole token."""
        if self.limit <= 0:
            return 60.0
        return max(0.0, (1.0 - self.tokens) / self.limit)


def full(limit: float, burst: int, now: datetime) -> Bucket:
    """A bucket that nothing was taken from."""
    return Bucket(limit, burst, float(burst), now)
