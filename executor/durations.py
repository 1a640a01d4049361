"""How durations are put into words, in messages of the engine and on the terminal alike."""

from __future__ import annotations

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def in_words(seconds: float, units: int = 2) -> str:
    """Seconds as upstream's messages and `argo get` put them: `45 seconds`, `1 minute 0 seconds`.

    At most so many units, from the largest that is not zero; less than nothing is nothing.
    """
    whole = max(0, int(seconds))
    first = next((i for i, (_, size) in enumerate(_UNITS) if whole >= size), len(_UNITS) - 1)
    words = []
    for unit, size in _UNITS[first : first + units]:
        count, whole = divmod(whole, size)
        words.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(words)
