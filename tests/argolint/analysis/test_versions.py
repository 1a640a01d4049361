"""Fields and APIs that are gone."""

from __future__ import annotations

from argolint.analysis.versions import GONE_APIS, deprecated, release_of


def test_releases() -> None:
    assert [release_of(value) for value in ("1.31", 1.31, "v1.29.3", "latest", None)] == [
        (1, 31), (1, 31), (1, 29), None, None,
    ]  # fmt: skip


def test_singular_fields_are_deprecated_for_two_releases() -> None:
    assert [deprecated(target) for target in ((3, 5), (3, 6), (3, 7), (4, 0))] == [False, True, True, False]


def test_replacements_are_served() -> None:
    assert not {(gone.replacement, kind) for (_, kind), gone in GONE_APIS.items()} & GONE_APIS.keys()
    assert GONE_APIS["batch/v1beta1", "CronJob"] == ((1, 25), "batch/v1", True)
