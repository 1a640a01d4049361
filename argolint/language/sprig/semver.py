"""Semantic versions and the constraints that sprig's `semverCompare` takes: `^1.2`, `~1.2.3`, `>=1.2 <2 || 3.x`, `1 - 2`."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from argolint.patterns import lazy

_VERSION = lazy(
    r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_PART = r"v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_CLAUSE = lazy(rf"\s*(=>|=<|>=|<=|!=|=|>|<|~>|~|\^)?\s*({_PART})\s*,?\s*")
_RANGE = lazy(rf"\s*({_PART})\s+-\s+({_PART})\s*")


class Version(NamedTuple):
    """Three numbers, the pre-release and the build metadata; `original` as written."""

    major: int
    minor: int
    patch: int
    prerelease: str
    metadata: str
    original: str

    def fields(self) -> dict[str, Any]:
        """The fields that templates reach."""
        return {
            "Major": self.major,
            "Minor": self.minor,
            "Patch": self.patch,
            "Prerelease": self.prerelease,
            "Metadata": self.metadata,
            "Original": self.original,
        }

    def key(self) -> tuple[Any, ...]:
        """What versions are ordered by: a pre-release comes before its release."""
        parts = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in self.prerelease.split(".")
            if part
        )
        return (self.major, self.minor, self.patch, not parts, parts)


def parse(text: str) -> Version:
    """A version, possibly with `v` and with parts left out. Raises ValueError."""
    match = _VERSION.fullmatch(text)
    if match is None or len(text) > 256:
        raise ValueError("invalid semantic version")
    major, minor, patch, prerelease, metadata = match.groups()
    return Version(int(major), int(minor or 0), int(patch or 0), prerelease or "", metadata or "", text)


def compare(constraint: str, text: str) -> bool:
    """Whether a version meets a constraint. Raises ValueError for either being malformed."""
    version = parse(text)
    met = [
        _all(group, version) for group in constraint.split("||")
    ]  # all of them, so that a bad one is an error
    return any(met)


def _all(group: str, version: Version) -> bool:
    span = _RANGE.fullmatch(group)
    if span:
        return _clause(">=", span.group(1), version) and _clause("<=", span.group(2), version)
    at, holds, seen = 0, True, False
    while at < len(group):
        match = _CLAUSE.match(group, at)
        if match is None or match.end() == at:
            raise ValueError(f"improper constraint: {group}")
        holds = _clause(match.group(1) or "=", match.group(2), version) and holds
        at, seen = match.end(), True
    if not seen:
        raise ValueError(f"improper constraint: {group}")
    return holds


def _clause(op: str, text: str, version: Version) -> bool:
    body = re.split(r"[-+]", text.lstrip("v"), maxsplit=1)[0]
    numbers = [None if part in "xX*" else int(part) for part in body.split(".")]
    known = 0
    while known < len(numbers) and numbers[known] is not None:
        known += 1
    if known == 0:
        return op not in ("!=", ">", "<") and not version.prerelease
    filled = ".".join(str(number or 0) for number in (numbers[:known] + [0, 0, 0])[:3])
    suffix = text.lstrip("v")[len(body) :] if known == 3 else ""
    bound = parse(filled + suffix)
    if version.prerelease and not bound.prerelease:
        return False
    if op in ("=", "~", "~>", "^"):
        return _near(op, version, bound, known)
    key, low = version.key(), bound.key()
    prefix = (version.major, version.minor, version.patch)[:known]
    limit = (bound.major, bound.minor, bound.patch)[:known]
    if op == "!=":
        return prefix != limit if known < 3 else key != low
    if op == ">":
        return prefix > limit if known < 3 else key > low
    if op in (">=", "=>"):
        return key >= low
    if op in ("<=", "=<"):
        return prefix <= limit if known < 3 else key <= low
    return key < low


def _near(op: str, version: Version, bound: Version, known: int) -> bool:
    key, low = version.key(), bound.key()
    prefix = (version.major, version.minor, version.patch)
    limit = (bound.major, bound.minor, bound.patch)
    if op == "=":
        return prefix[:known] == limit[:known] if known < 3 else key == low
    if key < low:
        return False
    if op in ("~", "~>"):
        kept = min(known, 2)
        return prefix[:kept] == limit[:kept]
    if bound.major > 0 or known == 1:
        return prefix[0] == limit[0]
    if bound.minor > 0 or known == 2:
        return prefix[:2] == limit[:2]
    return prefix == limit
