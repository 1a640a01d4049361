"""Which releases have which faults."""

from __future__ import annotations

import pytest

from argolint.analysis.advisories import (
    ADVISORIES,
    EVENTS,
    WORKFLOWS,
    Release,
    affecting,
    product_of,
    release_in,
    remedy,
)


def ids(product: str, release: Release) -> list[str]:
    return [one.id for one in affecting(product, release)]


def test_a_line_with_a_fix_is_good_from_there_on() -> None:
    assert ids(WORKFLOWS, (3, 7, 14)) == ["CVE-2026-54526"]
    assert ids(WORKFLOWS, (3, 7, 15)) == []
    assert ids(WORKFLOWS, (4, 0, 6)) == []
    assert ids(WORKFLOWS, (4, 1, 2)) == []


def test_a_line_without_one_is_affected_by_what_newer_lines_had() -> None:
    assert "CVE-2026-31892" in ids(WORKFLOWS, (3, 6, 19))
    assert "CVE-2026-40886" in ids(WORKFLOWS, (3, 6, 19))
    assert "CVE-2026-40886" not in ids(WORKFLOWS, (3, 6, 4))
    assert "CVE-2026-42295" not in ids(WORKFLOWS, (3, 7, 1))


def test_the_release_to_go_to() -> None:
    assert remedy(WORKFLOWS, (3, 7, 2)) == (3, 7, 15)
    assert remedy(WORKFLOWS, (3, 5, 1)) == (3, 7, 15)
    assert remedy(WORKFLOWS, (4, 0, 1)) == (4, 0, 6)
    assert remedy(EVENTS, (1, 7, 0)) == (1, 9, 6)
    assert remedy(EVENTS, (1, 9, 6)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quay.io/argoproj/workflow-controller:v3.5.1", (WORKFLOWS, (3, 5, 1))),
        ("quay.io/argoproj/argoexec:v3.5.1-nonroot", (WORKFLOWS, (3, 5, 1))),
        ("argoproj/argocli:v3.4.0@sha256:00", (WORKFLOWS, (3, 4, 0))),
        ("quay.io/argoproj/argo-events:v1.9.2", (EVENTS, (1, 9, 2))),
        ("quay.io/argoproj/argo-events:latest", None),
        ("quay.io/argoproj/argocd:v2.1.0", None),
        ("quay.io/acme/argocli:v3.4.0", None),
        ("https://github.com/argoproj/argo-workflows/releases/download/v3.4.4/install.yaml", (WORKFLOWS, (3, 4, 4))),
        ("github.com/argoproj/argo-workflows/manifests/base?ref=v3.6.2", (WORKFLOWS, (3, 6, 2))),
        ("https://raw.githubusercontent.com/argoproj/argo-cd/v2.0.0/install.yaml", None),
        ("../base", None),
    ],
)  # fmt: skip
def test_the_release_that_a_text_names(text: str, expected: tuple[str, Release] | None) -> None:
    assert release_in(text) == expected


def test_products() -> None:
    assert product_of("quay.io/argoproj/argo-events") == EVENTS
    assert product_of("quay.io/argoproj/argocli") == WORKFLOWS
    assert product_of("alpine") == ""


def test_the_table_is_sound() -> None:
    assert len({one.id for one in ADVISORIES}) == len(ADVISORIES)
    assert all(one.fixed == tuple(sorted(one.fixed)) and one.since < one.fixed[0] for one in ADVISORIES)
