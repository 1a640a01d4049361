"""Finding rules in folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint import registry
from argolint.analysis import patches
from argolint.errors import UserError

MODULE = '''
from argolint.rule import Finding, rule


@rule("{code}", "{name}", on="object", severity="info", options={{"word": "x"}})
def check(obj, ctx):
    """Says something about every object."""
    yield Finding(obj, "{message}")
'''


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(folder: Path, code: str, name: str, message: str = "hello") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{code.lower()}_{name.replace('-', '_')}.py"
    path.write_text(MODULE.format(code=code, name=name, message=message))
    return path


def test_user_rules_are_found_beside_the_built_in_ones(tmp_path: Path) -> None:
    write(tmp_path / "rules/mine", "ZZZ101", "say-hello")
    (tmp_path / "rules/_helper.py").write_text("raise SystemError('not a rule')\n")
    for _ in range(2):  # the second time from the cache
        rules = registry.load([str(tmp_path / "rules")])
        assert rules.failures == []
        item = rules["ZZZ101"]
        assert (item.name, item.on, item.severity, item.summary, item.options) == (
            "say-hello", "object", "info", "Says something about every object.", (("word", "x"),)
        )  # fmt: skip
        assert "YML101" in rules
    assert registry.bind(item).check is not None


def test_a_new_rule_is_seen_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    write(folder, "ZZZ101", "one")
    assert "ZZZ102" not in registry.load([str(folder)])
    write(folder, "ZZZ102", "two")
    assert "ZZZ102" in registry.load([str(folder)])


def test_a_helper_module_is_no_rule_but_counts_as_a_change(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    write(folder, "ZZZ101", "one")
    before = registry.fingerprint([str(folder)])
    (folder / "_helper.py").write_text("x = 1\n")
    assert registry.fingerprint([str(folder)]) != before
    assert registry.load([str(folder)]).failures == []


def test_codes_and_names_are_unique(tmp_path: Path) -> None:
    write(tmp_path / "a", "ZZZ101", "one")
    write(tmp_path / "b", "ZZZ101", "two")
    with pytest.raises(UserError, match="ZZZ101 is declared twice"):
        registry.load([str(tmp_path / "a"), str(tmp_path / "b")])
    write(tmp_path / "c", "ZZZ102", "one")
    with pytest.raises(UserError, match="rule name one is declared twice"):
        registry.load([str(tmp_path / "a"), str(tmp_path / "c")])


def test_a_module_that_cannot_be_imported_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    write(folder, "ZZZ101", "one")
    (folder / "zzz102_broken.py").write_text("import nothing_of_that_name\n")
    write(folder, "ZZZ103", "wrong-file").rename(folder / "other.py")
    rules = registry.load([str(folder)])
    assert "ZZZ101" in rules
    assert [(Path(path).name, message) for path, message, _ in rules.failures] == [
        ("other.py", "ValueError: declares ZZZ103 but is not called zzz103_….py"),
        ("zzz102_broken.py", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
    ]


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(UserError, match="no such folder of rules"):
        registry.load(["/nowhere/rules"])


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    registry.load()
    blobs = list((tmp_path / "cache/argolint").glob("rules-*.bin"))
    assert len(blobs) == 1
    blobs[0].write_bytes(b"\x00damaged")
    assert "YML101" in registry.load()


def test_every_built_in_module_is_named_after_its_rule() -> None:
    for code, item in registry.load().items():
        assert Path(item.module[1]).stem == f"{code.lower()}_{item.name.replace('-', '_')}"
        assert item.summary


def test_what_is_spared_in_patches_are_rules() -> None:
    """A code that is renamed or mistyped there would spare nothing."""
    rules = registry.load()
    assert patches.ABSENCE - rules.keys() == set()
    assert {code[:3] for code in rules} >= patches.OF_THE_WHOLE
