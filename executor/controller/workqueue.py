"""A queue of keys: each waits at most once, none is worked on by two workers at the same time."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Thread-safe. A key added while it is being worked on is handed out again after `done`.

    `add(key, delay)` in seconds; of several times for one waiting key the earliest counts. Times come from `clock` (monotonic).
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._heap: list[tuple[float, int, K]] = []
        self._due: dict[K, float] = {}
        self._working: set[K] = set()
        self._dirty: dict[K, float] = {}
        self._failures: dict[K, int] = {}
        self._timers: list[tuple[float, int, K]] = []
        self._timer_set: set[tuple[K, int]] = set()
        self._counter = 0
        self._closed = False

    def add(self, key: K, delay: float = 0.0) -> None:
        """Ask for `key` to be worked on in `delay` seconds or earlier."""
        due = time.monotonic() + max(delay, 0.0)
        with self._condition:
            if self._closed:
                return
            if key in self._working:
                self._dirty[key] = min(due, self._dirty.get(key, due))
                return
            self._push(key, due)

    def wake(self, key: K, delay: float) -> None:
        """Ask for `key` to be worked on in `delay` seconds, whatever is asked for it before or after that."""
        due = time.monotonic() + max(delay, 0.0)
        mark = (key, round(due * 20))
        with self._condition:
            if self._closed or mark in self._timer_set:
                return
            self._timer_set.add(mark)
            self._counter += 1
            heapq.heappush(self._timers, (due, self._counter, key))
            self._condition.notify()

    def retry(self, key: K, *, first: float = 0.1, last: float = 30.0) -> float:
        """Ask again after a failure, with exponential backoff; the delay chosen, in seconds."""
        with self._condition:
            count = self._failures.get(key, 0)
            self._failures[key] = count + 1
        delay = min(first * 2 ** min(count, 20), last)
        self.add(key, delay)
        return float(delay)

    def forget(self, key: K) -> None:
        """The work on `key` succeeded: its next failure starts the backoff anew."""
        with self._condition:
            self._failures.pop(key, None)

    def get(self) -> K | None:
        """Wait for a key that is due; None once the queue is closed. Answer each with `done`."""
        with self._condition:
            while not self._closed:
                now = time.monotonic()
                self._ring(now)
                while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
                    heapq.heappop(self._heap)
                if self._heap and self._heap[0][0] <= now:
                    _, _, key = heapq.heappop(self._heap)
                    del self._due[key]
                    self._working.add(key)
                    return key
                next_times = [heap[0][0] for heap in (self._heap, self._timers) if heap]
                self._condition.wait(min(next_times) - now if next_times else None)
            return None

    def done(self, key: K) -> None:
        """The worker has finished with `key`."""
        with self._condition:
            self._working.discard(key)
            due = self._dirty.pop(key, None)
            if due is not None and not self._closed:
                self._push(key, due)
            self._condition.notify_all()

    def close(self) -> None:
        """Hand out nothing more; every `get` returns None."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def __len__(self) -> int:
        with self._condition:
            return len(self._due) + len(self._working)

    def _ring(self, now: float) -> None:
        """Turn timers that have run out into keys that wait."""
        while self._timers and self._timers[0][0] <= now:
            due, _, key = heapq.heappop(self._timers)
            self._timer_set.discard((key, round(due * 20)))
            if key in self._working:
                self._dirty[key] = min(due, self._dirty.get(key, due))
            else:
                self._push(key, due)

    def _push(self, key: K, due: float) -> None:
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        self._counter += 1
        heapq.heappush(self._heap, (due, self._counter, key))
        self._condition.notify()
