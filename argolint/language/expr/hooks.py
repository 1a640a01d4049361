"""What an expression may take from outside its environment: the clock and randomness, as arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


def _clock() -> int:
    import time

    return time.time_ns()


def _random(size: int) -> bytes:
    import os

    return os.urandom(size)


class Hooks(NamedTuple):
    """`now()` gives nanoseconds since 1970, `random(n)` gives n bytes."""

    now: Callable[[], int] = _clock
    random: Callable[[int], bytes] = _random


SYSTEM = Hooks()


def fixed(now_ns: int, seed: bytes | str) -> Hooks:
    """Hooks that give the same time and the same stream of bytes each time they are made."""
    import hashlib

    key = seed.encode() if isinstance(seed, str) else seed
    counter = [0]

    def random(size: int) -> bytes:
        parts: list[bytes] = []
        while sum(map(len, parts)) < size:
            counter[0] += 1
            parts.append(hashlib.sha256(key + counter[0].to_bytes(8, "big")).digest())
        return b"".join(parts)[:size]

    return Hooks(lambda: now_ns, random)
