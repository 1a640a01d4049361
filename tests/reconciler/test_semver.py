"""Ranges over tags."""

from __future__ import annotations

import pytest

from argolint.errors import UserError
from reconciler.source.semver import best, parse

TAGS = [
    "v0.1.0",
    "v0.2.3",
    "v0.2.10",
    "1.0.0",
    "v1.2.0",
    "v1.2.9",
    "v1.10.0",
    "v2.0.0-rc.1",
    "v2.0.0-rc.2",
    "v2.0.0",
    "latest",
    "v3.0.0-beta",
]


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("*", "v2.0.0"), ("", "v2.0.0"), ("x", "v2.0.0"), ("1.x", "v1.10.0"), ("1", "v1.10.0"), ("1.2", "v1.2.9"),
        ("^1.2", "v1.10.0"), ("~1.2", "v1.2.9"), ("~1", "v1.10.0"), ("^0.2", "v0.2.10"), ("^0.1.0", "v0.1.0"),
        (">=1.0.0 <1.10.0", "v1.2.9"), (">=1.0.0, <1.10.0", "v1.2.9"), ("1.0.0 - 1.2.0", "v1.2.0"), ("<=1.2", "v1.2.9"),
        (">1.2", "v2.0.0"), (">1", "v2.0.0"), ("<1", "v0.2.10"), ("=1.2.0", "v1.2.0"), ("1.2.0", "v1.2.0"),
        ("^9 || ~0.2", "v0.2.10"), (">=2.0.0-rc.1 <2.0.0", "v2.0.0-rc.2"), (">=3.0.0-alpha", "v3.0.0-beta"),
        ("!=2.0.0 >=1", "v1.10.0"), ("> 1.2.0 < 2", "v1.10.0"), ("^5", None),
    ],
)  # fmt: skip
def test_best_tag(wanted: str, tag: str | None) -> None:
    assert best(TAGS, wanted) == tag


@pytest.mark.parametrize("wanted", ["banana", ">=", "1.2.3.4", "^", "1 - - 2", ">=1.0 <x.y.z"])
def test_bad_ranges(wanted: str) -> None:
    with pytest.raises(UserError, match="semver"):
        best(TAGS, wanted)


def test_precedence_of_pre_releases_is_that_of_semver_org() -> None:
    names = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
    ]
    versions = [parse(name) for name in names]
    assert sorted(versions) == versions
