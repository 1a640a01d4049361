"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str, limit: int = 3) -> int:
    """How many letters must be inserted, removed, replaced or swapped; anything above `limit` is `limit + 1`."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, before_above = row, before
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before_above[j - 2] + 1)
            row.append(cost)
        before = above
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was most likely meant to be; None if none is near, or several are equally."""
    if not name or len(name) > 200:
        return None
    lowered = name.lower().replace("-", "_")
    limit = 0 if len(name) < 3 else 1 if len(name) < 5 else 2 if len(name) < 10 else 3
    best: list[str] = []
    score = limit + 1
    for one in known:
        if one == name:
            continue
        same = one.lower().replace("-", "_") == lowered
        found = 0 if same else distance(name.lower(), one.lower(), limit)
        if found < score:
            best, score = [one], found
        elif found == score and found <= limit:
            best.append(one)
    return best[0] if len(best) == 1 else None
