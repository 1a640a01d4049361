"""Did you mean: the nearest of a few known words. `difflib` would cost 9 ms of start-up."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, candidates: Iterable[str]) -> str:
    """The candidate that `word` most likely misspells, or "" when none is near.

    Case is ignored first; then one typing mistake is allowed for every three letters. Ties go to the first in
    alphabetical order, so that the answer does not depend on the order of `candidates`.
    """
    lowered = word.lower()
    limit = max(1, len(word) // 3)
    best, best_distance = "", limit + 1
    known = sorted(candidates)
    for candidate in known:
        if abs(len(candidate) - len(word)) > limit:
            continue
        distance = edit_distance(lowered, candidate.lower(), best_distance)
        if distance < best_distance:
            best, best_distance = candidate, distance
    if not best and len(word) >= 4:
        # A plural for a singular, a word cut short: `artifact` for `artifacts`, `params` for `parameters`.
        starts = [c for c in known if c.lower().startswith(lowered)]
        best = starts[0] if len(starts) == 1 else ""
    return best


def edit_distance(a: str, b: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; `limit` or more is `limit`."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row, older = row, [i] + [0] * len(b), before
        before = previous
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            row[j] = cost
        if min(row) >= limit:
            return limit
    return min(row[-1], limit)
