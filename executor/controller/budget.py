"""The controller's `resourceRateLimit`: how many pods each pass may create, out of one bucket for all workflows."""

from __future__ import annotations

import threading
from datetime import datetime

from executor.engine import rate


class PodBudget:
    """`take` what there is before a pass and `give_back` what it has not used. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bucket: rate.Bucket | None = None

    def take(self, limit: float | None, burst: int, now: datetime) -> tuple[int | None, float]:
        """(pods that may be created now, None for any number; seconds until there is room for one more)."""
        if limit is None:
            return None, 1.0
        with self._lock:
            bucket = self._bucket
            if bucket is None or (bucket.limit, bucket.burst) != (limit, burst):
                bucket = rate.full(limit, burst, now)
            bucket = bucket.refilled(now)
            budget = bucket.budget
            self._bucket = bucket = bucket.spent(budget)
            return budget, max(bucket.retry_seconds, 0.05)

    def give_back(self, count: int | None) -> None:
        """Pods that were taken and not created."""
        with self._lock:
            if count and count > 0 and self._bucket is not None:
                self._bucket = self._bucket.spent(-count)
