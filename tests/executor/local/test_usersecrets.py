"""Secrets from a directory and from the user's own file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.local.secrets import Given, read_file, values
from executor.local.usersecrets import from_directory, of_the_user


def test_a_directory_has_a_file_for_each_key(tmp_path: Path) -> None:
    for name, text in (
        ("db/password", "p w\n"),
        ("db/pin", "1\n\n"),
        (".git/config", "x"),
        ("db/.hidden", "x"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert from_directory(tmp_path) == {("db", "password"): "p w", ("db", "pin"): "1\n"}
    assert read_file(str(tmp_path)) == from_directory(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no secrets"):
        from_directory(tmp_path / "empty")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    remote = ["git", "remote", "add", "origin", "https://me:token@git.example.com/acme/app.git"]
    for words in (["git", "init", "-q"], remote):
        subprocess.run(words, check=True, capture_output=True)
    return tmp_path


def write(home: Path, text: str) -> dict[str, str]:
    path = home / ".config/argolint/secrets.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return {"HOME": str(home)}


def test_the_users_file_has_secrets_by_remote(project: Path) -> None:
    text = """
https://git.example.com/acme/*: {db: {password: one, pin: 1}}
https://git.example.com/acme/app.git: {db: {password: two}}
https://git.example.com/other: {db: {password: three}}
"""
    environ = write(project, text)
    assert of_the_user(environ) == {("db", "password"): "two", ("db", "pin"): "1"}
    (project / "given").write_text("db/password=four\n")
    given = Given(files=(str(project / "given"),))
    assert values(given, [], environ) == {("db", "password"): "four", ("db", "pin"): "1"}
    assert of_the_user({"XDG_CONFIG_HOME": str(project / ".config")}) == of_the_user(environ)


def test_without_a_file_or_a_remote_there_is_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert of_the_user({}) == {}
    assert of_the_user({"HOME": str(project / "nobody")}) == {}
    environ = write(project, '"*": {db: {password: one}}\n')
    assert of_the_user(environ) == {("db", "password"): "one"}
    subprocess.run(["git", "remote", "remove", "origin"], check=True)
    assert of_the_user(environ) == {}


def test_a_file_of_another_shape_is_refused(project: Path) -> None:
    with pytest.raises(UserError, match="does not map secrets to their keys"):
        of_the_user(write(project, '"*": {db: text}\n'))
