"""The `keys` that rules declare keep nothing from being found."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from argolint import registry
from argolint.api import Source, check_with
from argolint.registry import page_path
from argolint.ruletest import cases_of, strip_markers, wrap
from argolint.runner import Plan
from argolint.settings import Settings


def _findings(
    sources: list[Source], *, keys: bool, version: tuple[int, int]
) -> list[tuple[str, int, str, str]]:
    rules = registry.Rules()
    for code, item in registry.load().items():
        if item.keys:
            rules[code] = item if keys else item._replace(keys=())
    settings = Settings()
    settings.profile = "all"
    settings.argo_version = version
    report = check_with(Plan(rules, settings), sources, settings)
    return [(item.path, item.start, item.code, item.message) for item in report.findings]


def _pages() -> Iterable[Source]:
    for code, item in registry.load().items():
        page = Path(page_path(item))
        for case in cases_of(page.read_text(encoding="utf-8")):
            for name, text in case.files.items():
                plain = strip_markers(name, text)[0]
                yield Source(f"{code}/{case.line}/{name}", plain if "raw" in case.words else wrap(plain)[0])


@pytest.mark.parametrize("version", [(4, 1), (3, 5)])
def test_nothing_on_the_pages_of_rules_is_missed_for_want_of_a_key(version: tuple[int, int]) -> None:
    sources = list(_pages())
    found = _findings(sources, keys=True, version=version)
    assert found == _findings(sources, keys=False, version=version)
    keyed = {code for code, item in registry.load().items() if item.keys}
    assert len({code for _, _, code, _ in found}) >= 0.9 * len(keyed)


def test_nothing_in_the_corpus_is_missed_for_want_of_a_key(shared: Path) -> None:
    files = sorted((shared / "corpus" / "argo-examples").rglob("*.yaml"))
    sources = [Source(path.name, path.read_text(encoding="utf-8")) for path in files]
    assert _findings(sources, keys=True, version=(4, 1)) == _findings(sources, keys=False, version=(4, 1))
