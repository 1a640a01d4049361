"""Semantic versions and ranges over tags: `>=1.2.0 <2.0.0`, `^1.2`, `~1.2`, `1.x`, `1.2 - 1.4`, joined by `||`.

The rules are semver.org's 2.0.0 for precedence, and those that node-semver and Masterminds/semver share for ranges: a
pre-release matches only where the range itself names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from argolint.errors import UserError

_VERSION = re.compile(r"^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$")
_PARTIAL = re.compile(
    r"^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$"
)
_CLAUSE = re.compile(r"(>=|<=|!=|>|<|=|\^|~)?[ \t]*([^\s<>=!^~]\S*)")


class Version(NamedTuple):
    """Ordered as semver.org says; `pre` compares greater than any pre-release when there is none."""

    major: int
    minor: int
    patch: int
    pre: tuple[tuple[int, int, str], ...]


_RELEASE = ((2, 0, ""),)


def parse(text: str) -> Version | None:
    """The version that `text` (with or without a leading v) is, or None."""
    match = _VERSION.match(text)
    if match is None:
        return None
    major, minor, patch, pre = match.groups()
    return Version(int(major), int(minor), int(patch), _pre(pre))


def best(tags: Iterable[str], wanted: str) -> str | None:
    """The tag with the highest version inside the range `wanted`, or None. Raises UserError for a bad range."""
    matches = compile_range(wanted)
    found = [(version, tag) for tag in tags if (version := parse(tag)) is not None and matches(version)]
    return max(found)[1] if found else None


def compile_range(text: str) -> Callable[[Version], bool]:
    """A test for the range `text`. Raises UserError when it is not one."""
    alternatives = [_alternative(part.strip(), text) for part in text.split("||")]
    return lambda version: any(test(version) for test in alternatives)


def _alternative(part: str, whole: str) -> Callable[[Version], bool]:
    hyphen = re.match(r"^(\S+)\s+-\s+(\S+)$", part)
    if hyphen:
        clauses = [(">=", hyphen.group(1)), ("<=", hyphen.group(2))]
    else:
        part = part.replace(",", " ")
        clauses = [(op or "", word) for op, word in _CLAUSE.findall(part)]
        if _CLAUSE.sub("", part).strip():
            raise UserError(
                f"semver {whole!r}: {part!r} is not a range",
                "write a range such as '>=1.2.0 <2.0.0' or '^1.2'",
            )
    if not clauses:
        clauses = [("", "*")]
    tests = [_clause(op, word, whole) for op, word in clauses]
    allows_pre = any("-" in word for _, word in clauses)
    return lambda v: (allows_pre or v.pre == _RELEASE) and all(test(v) for test in tests)


def _clause(op: str, word: str, whole: str) -> Callable[[Version], bool]:
    match = _PARTIAL.match(word)
    if match is None:
        raise UserError(
            f"semver {whole!r}: {word!r} is not a version", "write a range such as '>=1.2.0 <2.0.0' or '^1.2'"
        )
    numbers = [int(p) if p is not None and p.isdigit() else None for p in match.groups()[:3]]
    given = next((i for i, n in enumerate(numbers) if n is None), 3)
    major, minor, patch = [n or 0 for n in (numbers[:given] + [0, 0, 0])[:3]]
    low = Version(major, minor, patch, _pre(match.group(4)))
    bare = low._replace(pre=_RELEASE)
    if op == "^":
        fixed = next((i for i in range(given) if numbers[i]), max(given - 1, 0))
        return _between(low, bare, fixed + 1 if given else 0)
    if op == "~":
        return _between(low, bare, min(given, 2))
    if op in ("", "="):
        return (lambda v: v == low) if given == 3 else _between(low, bare, given)
    if op == "!=":
        inside = (lambda v: v == low) if given == 3 else _between(low, bare, given)
        return lambda v: not inside(v)
    if op == ">=":
        return lambda v: v >= low
    if op == "<":
        return lambda v: v < low
    after = _next(bare, given) if given < 3 else None
    if op == ">":
        return (lambda v: v > low) if given == 3 else (lambda v: after is not None and v >= after)
    return (lambda v: v <= low) if given == 3 else (lambda v: after is None or v < after)


def _between(low: Version, bare: Version, fixed: int) -> Callable[[Version], bool]:
    """From `low` to below the next version of its first `fixed` numbers."""
    high = _next(bare, fixed)
    return lambda v: v >= low and (high is None or (v.major, v.minor, v.patch) < high[:3])


def _next(version: Version, fixed: int) -> Version | None:
    if fixed == 0:
        return None
    numbers = [version.major, version.minor, version.patch]
    numbers[fixed - 1] += 1
    major, minor, patch = [n if i < fixed else 0 for i, n in enumerate(numbers)]
    return Version(major, minor, patch, _RELEASE)


def _pre(text: str | None) -> tuple[tuple[int, int, str], ...]:
    if not text:
        return _RELEASE
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in text.split("."))
