"""Configuration files: what is read, and how mistakes are reported."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from argolint import config, registry
from argolint.errors import UserError
from argolint.settings import Settings
from argolint.yaml import parse, plain

FULL = """\
select: [YML, REF101]
ignore: yaml-syntax-error, STP
extend-select: [DAG]
extend-ignore: []
severity: {REF101: warning}
per-file-ignores:
  "vendor/**": [ALL]
profile: strict
fail-on: error
argo-version: "3.6"
external-references: ignore
rules: [./lint-rules]
exclude: [generated]
options: {}
baseline: known.json
"""


def test_every_key(tmp_path: Path) -> None:
    path = tmp_path / ".argolint.yaml"
    path.write_text(FULL)
    settings = config.load(str(path))
    assert settings.select == ("YML", "REF101")
    assert settings.ignore == ("yaml-syntax-error", "STP")
    assert settings.severity == {"REF101": "warning"}
    assert settings.per_file_ignores == {"vendor/**": ("ALL",)}
    assert (settings.profile, settings.fail_on, settings.argo_version) == ("strict", "error", (3, 6))
    assert settings.rules == (f"{tmp_path}/lint-rules",)
    assert settings.baseline == str(tmp_path / "known.json")
    assert settings.root == str(tmp_path)
    assert settings.origins["profile"] == f"{path}:8:10"


def test_pyproject(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[tool.argolint]\nprofile = "all"\nargo-version = "v3.5.10"\nignore = ["STY"]\n')
    settings = config.load(str(path))
    assert (settings.profile, settings.argo_version, settings.ignore) == ("all", (3, 5), ("STY",))
    path.write_text("[tool.argolint]\nprofil = 1\n")
    with pytest.raises(UserError, match="unknown key `profil`") as caught:
        config.load(str(path))
    assert caught.value.remedy == "did you mean `profile`?"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        (
            "profile: all\nselct: [A]\n",
            ":2:1: unknown key `selct`\n     2 | selct: [A]\n       | ^",
            "did you mean `select`?",
        ),
        (
            "profile: everything\n",
            ":1:10: `profile`: 'everything' is not one of minimal, default, strict, all",
            "",
        ),
        ("fail-on: fatal\n", "`fail-on`: 'fatal' is not one of info, warning, error", ""),
        (
            "argo-version: 3.10\n",
            "`argo-version`: 3.1: releases before 3.4 are not known (put the version in quotes: YAML reads 3.10 as the number 3.1)",
            "",
        ),
        ("argo-version: new\n", "`argo-version`: 'new' is not a release", ""),
        ("severity: {A: fatal}\n", "A: 'fatal' is not one of error, warning, info", ""),
        ("select: 5\n", "`select`: expected a list of texts", ""),
        ("a: [\n", "did not find expected node content", "correct the YAML"),
        ("profile: all\nprofile: all\n", ":2:1: `profile` is set twice", "correct the YAML"),
        ("- a\n", "the configuration is not a mapping", "write"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str, message: str, remedy: str) -> None:
    path = tmp_path / ".argolint.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        config.load(str(path))
    assert message in caught.value.message
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 2


def test_the_nearest_file_up_to_the_git_root(tmp_path: Path) -> None:
    (tmp_path / ".argolint.yaml").write_text("profile: all\n")
    repository = tmp_path / "repo"
    (repository / "a/b").mkdir(parents=True)
    assert config.find(str(repository / "a/b")) == str(tmp_path / ".argolint.yaml")
    (repository / ".git").mkdir()
    assert config.find(str(repository / "a/b")) == ""
    (repository / "pyproject.toml").write_text("[tool.other]\n")
    assert config.find(str(repository / "a/b")) == ""
    (repository / "a/.argolint.yml").write_text("profile: all\n")
    assert config.find(str(repository / "a/b")) == str(repository / "a/.argolint.yml")
    assert config.git_root(str(repository / "a/b")) == str(repository)


def test_names_of_rules_and_options_are_checked() -> None:
    rules = registry.load()
    settings = Settings()
    settings.ignore = ("undefined-templat",)
    with pytest.raises(UserError, match="no rule is called `undefined-templat`") as caught:
        config.check_names(settings, rules)
    assert caught.value.remedy == "did you mean `undefined-template`?"
    settings = Settings()
    settings.options = {"no-such-option": 1}
    with pytest.raises(UserError, match="no rule has an option `no-such-option`"):
        config.check_names(settings, rules)


def test_the_published_schema_knows_the_same_keys(repo: Path) -> None:
    schema = json.loads((repo / "schemas/argolint-config.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == set(config.KEYS)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(plain(parse(FULL).documents[0].root))) == []
    for wrong in (
        {"selct": []},
        {"profile": "everything"},
        {"severity": {"A": "fatal"}},
        {"argo-version": "new"},
    ):
        assert list(validator.iter_errors(wrong))
