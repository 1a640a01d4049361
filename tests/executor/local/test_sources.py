"""`local.sources`: git artifacts from a checkout of this machine, as it is now."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.artifacts.base import ArtifactError
from executor.artifacts.checkout import checkout_of, copy_checkout
from executor.artifacts.disk import DiskStore
from executor.artifacts.locations import load
from executor.local.settings import load_file


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()

    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], cwd=folder, check=True, capture_output=True)  # fmt: skip

    git("init", "-q")
    for name, text in (
        ("kept", "old"),
        ("gone", "x"),
        (".gitignore", "ignored\n"),
        ("dir/run.sh", "#!/bin/sh\n"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "dir/run.sh").chmod(0o755)
    (folder / "link").symlink_to("kept")
    git("add", ".")
    git("commit", "-q", "-m", "Begin")
    (folder / "kept").write_text("changed")
    (folder / "gone").unlink()
    (folder / "new").write_text("new")
    (folder / "ignored").write_text("ignored")
    return folder


def test_a_checkout_is_copied_as_it_is_now(checkout: Path, tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "store")
    store.sources = {"https://git.example.com/acme/app.git": checkout}
    artifact = {"name": "code", "git": {"repo": "https://git.example.com/acme/app", "revision": "v1"}}
    target = tmp_path / "target"
    load(artifact, target, store.with_secrets(lambda reference: ""), {}, lambda reference: "")
    found = {str(p.relative_to(target)): p.read_text() for p in target.rglob("*") if p.is_file()}
    assert found == {"kept": "changed", "link": "changed", ".gitignore": "ignored\n", "dir/run.sh": "#!/bin/sh\n", "new": "new"}  # fmt: skip
    assert (target / "link").is_symlink()
    assert (target / "dir/run.sh").stat().st_mode & 0o111


def test_other_repositories_are_not_meant(checkout: Path) -> None:
    sources = {"https://git.example.com/acme/app": checkout}
    assert checkout_of("https://git.example.com/acme/app.git", sources) == checkout
    assert checkout_of("https://git.example.com/acme/other", sources) is None


def test_a_directory_that_is_no_checkout_is_said(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(ArtifactError, match="not a git repository"):
        copy_checkout(tmp_path / "plain", tmp_path / "target")


def test_the_configuration_is_checked(tmp_path: Path) -> None:
    path = tmp_path / ".argolint.yaml"
    (tmp_path / "app").mkdir()
    path.write_text("local: {sources: {'https://git.example.com/app': app}}\n")
    assert load_file(path).sources == {"https://git.example.com/app": tmp_path / "app"}
    for text, message in (("[x]", "must map git repositories"), ("{a: nowhere}", "there is no directory")):
        path.write_text(f"local: {{sources: {text}}}\n")
        with pytest.raises(UserError, match=message):
            load_file(path)
