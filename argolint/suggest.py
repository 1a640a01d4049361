"""Did you mean: the one known word that a word was most likely meant to be. No `difflib`, which costs 9 ms of start-up."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Longer words are no slip of the finger, and would take long to compare.
_LONG = 200
# So many mistakes at the most: two long names that share an ending differ in a word, not in letters.
_MOST = 3


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` most likely misspells, or "" when none is near, or several are equally.

    Case, and `_` for `-`, count for nothing. Near is: the same words in another order; at most one mistake (a letter
    too many, too few, another, or two neighbours swapped) in three letters, and three in all; or else the only known
    word that begins with it (`params` for `parameters`), or that it begins with (`build-all` for `build`).
    """
    if not word or len(word) > _LONG:
        return ""
    folded = _fold(word)
    pool = [(one, _fold(one)) for one in dict.fromkeys(known) if one and one != word and len(one) <= _LONG]
    same = [one for one, other in pool if other == folded]
    if same:
        return _only(same)
    turned = sorted(_words(folded))
    if len(turned) > 1:
        same = [one for one, other in pool if len(other) == len(folded) and sorted(_words(other)) == turned]
        if same:
            return _only(same)
    return _misspelt(folded, pool) or _only([one for one, other in pool if _kin(folded, other)])


def _misspelt(folded: str, pool: list[tuple[str, str]]) -> str:
    limit = min(len(folded) // 3, _MOST)
    best: list[str] = []
    least = (limit + 1, -1)
    for one, other in pool:
        distance = edit_distance(folded, other, least[0] + 1)
        if distance > limit or distance > least[0]:
            continue
        score = (distance, _other_letters(folded, other))
        if score < least:
            best, least = [one], score
        elif score == least:
            best.append(one)
    return _only(best)


def _other_letters(a: str, b: str) -> int:
    """Which of equally distant words is nearer: one of the same letters, then one of the same first letter."""
    return 0 if sorted(a) == sorted(b) else 1 if a[:1] == b[:1] else 2


def _kin(folded: str, other: str) -> bool:
    """Whether one is the beginning of the other: enough of it, and not by chance."""
    stem = folded.removesuffix("s")
    if len(stem) >= 4 and other.startswith(stem):
        return True
    rest = folded.removeprefix(other)
    return len(other) >= 4 and rest != folded and rest[0] in "-." and 2 * len(other) >= len(folded)


def _only(found: list[str]) -> str:
    return found[0] if len(found) == 1 else ""


def _fold(word: str) -> str:
    return word.lower().replace("_", "-")


def _words(folded: str) -> list[str]:
    return re.split(r"[-./ ]", folded) if not folded.isalnum() else [folded]


def edit_distance(a: str, b: str, limit: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; `limit` or more is `limit`."""
    if abs(len(a) - len(b)) >= limit:
        return limit
    letters, others = set(a), set(b)
    if len(letters - others) >= limit or len(others - letters) >= limit:
        return limit
    # What both begin and end with has no part in it.
    shorter = min(len(a), len(b))
    first = next((i for i in range(shorter) if a[i] != b[i]), shorter)
    last = next((i for i in range(shorter - first) if a[-1 - i] != b[-1 - i]), shorter - first)
    a, b = a[first : len(a) - last], b[first : len(b) - last]
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
        if min(row) >= limit and (not before or min(before) >= limit):
            return limit
    return min(row[-1], limit)
