"""Real Git, over a path, http, https and ssh: what is read, what is refused, and what each failure says."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from reconciler.config import Auth, Ref, Secret, SourceConfig
from reconciler.source import SourceError, open_source
from reconciler.source.git import run_git
from tests.reconciler.gitserver import make_ca, serve_http, serve_ssh
from tests.reconciler.world import Repo

CANARY = "s3cr3t-canary-0123456789"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "origin")
    made.commit({"a.yaml": "a: 1\n", "docs/b.yml": "b: 2\n", "c.txt": "no\n"}, "First")
    return made


def read(config: SourceConfig, state: Path) -> dict[str, str]:
    source = open_source(config, state)
    return dict(source.read(source.fetch(source.poll())).files)


def failure(config: SourceConfig, state: Path) -> SourceError:
    source = open_source(config, state)
    with pytest.raises(SourceError) as caught:
        source.read(source.fetch(source.poll()))
    return caught.value


def config(url: str | Path, ref: Ref | None = None, **more: Any) -> SourceConfig:
    return SourceConfig("s", str(url), ref=ref or Ref("branch", "main"), timeout=30.0, **more)


ALL = {"a.yaml": "a: 1\n", "docs/b.yml": "b: 2\n"}


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_reads_a_local_repository(repo: Repo, tmp_path: Path, form: str) -> None:
    assert read(config(form.format(repo.path)), tmp_path / "state") == ALL


def test_reads_a_bare_repository_and_no_work_tree_is_made(repo: Repo, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", "--bare", repo.path, tmp_path / "bare.git"], check=True)
    assert read(config(tmp_path / "bare.git"), tmp_path / "state") == ALL
    assert not [p for p in (tmp_path / "state").rglob("*") if p.name in ("a.yaml", "b.yml", "index")]


def test_every_kind_of_ref(repo: Repo, tmp_path: Path) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "v1.2.0")
    second = repo.commit({"a.yaml": "a: 2\n"})
    repo.git("tag", "--annotate", "v1.10.0", "--message=x")
    repo.git("tag", "v2.0.0-rc1")
    third = repo.commit({"a.yaml": "a: 3\n"})
    expected = {
        Ref(): third,
        Ref("branch", "main"): third,
        Ref("full", "refs/heads/main"): third,
        Ref("short", "main"): third,
        Ref("tag", "v1.2.0"): first,
        Ref("tag", "v1.10.0"): second,
        Ref("short", "v1.10.0"): second,
        Ref("semver", "^1.2"): second,
        Ref("semver", "~1.2.0"): first,
        Ref("semver", ">=1.0.0 <1.5.0"): first,
        Ref("commit", second): second,
    }
    for number, (ref, commit) in enumerate(expected.items()):
        source = open_source(config(repo.path, ref), tmp_path / f"state{number}")
        revision = source.fetch(source.poll())
        assert (revision.commit, source.read(revision).revision.commit) == (commit, commit), ref


def test_unknown_ref_and_ambiguous_name_and_empty_repository(repo: Repo, tmp_path: Path) -> None:
    error = failure(config(repo.path, Ref("branch", "nope")), tmp_path / "state")
    assert (error.reason, error.message) == ("RefNotFound", f"s: there is no branch nope in {repo.path}")
    repo.git("tag", "main")
    error = failure(config(repo.path, Ref("short", "main")), tmp_path / "state")
    assert (error.reason, error.message) == ("AmbiguousRef", "s: main is both a branch and a tag")
    empty = Repo(tmp_path / "empty")
    assert failure(config(empty.path), tmp_path / "state2").message == "s: the repository has no commits"
    error = failure(config(repo.path, Ref("semver", "^7")), tmp_path / "state")
    assert error.message == "s: none of 1 tags is in the range '^7'"
    error = failure(config(repo.path, Ref("commit", "1" * 40)), tmp_path / "state")
    assert error.reason == "RefNotFound"


def test_force_push_is_followed(repo: Repo, tmp_path: Path) -> None:
    state = tmp_path / "state"
    repo.commit({"a.yaml": "a: 2\n"})
    assert read(config(repo.path), state)["a.yaml"] == "a: 2\n"
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert read(config(repo.path), state)["a.yaml"] == "a: 1\n"
    repo.git("checkout", "--quiet", "--orphan", "fresh")
    repo.commit({"a.yaml": "a: 9\n"})
    repo.git("branch", "--force", "main", "fresh")
    assert read(config(repo.path), state)["a.yaml"] == "a: 9\n"


def test_vanished_repository(repo: Repo, tmp_path: Path) -> None:
    shutil.rmtree(repo.path)
    error = failure(config(repo.path, type="git"), tmp_path / "state")
    assert (error.reason, error.transient) == ("SourceUnavailable", True)
    assert error.message == f"s: {repo.path} does not exist"


def test_damaged_clone_and_stale_locks_are_repaired(repo: Repo, tmp_path: Path) -> None:
    state = tmp_path / "state"
    read(config(repo.path), state)
    bare = state / "sources/s/repo.git"
    (bare / "shallow.lock").write_text("")
    (bare / "HEAD.lock").write_text("")
    for pack in [*bare.rglob("*.pack"), *(p for p in (bare / "objects").glob("??/*"))]:
        pack.chmod(0o600)
        pack.write_bytes(b"garbage")
    assert read(config(repo.path), state) == ALL


def test_damaged_file_in_the_clone_is_fetched_again(repo: Repo, tmp_path: Path) -> None:
    state = tmp_path / "state"
    source = open_source(config(repo.path), state)
    revision = source.fetch(source.poll())
    bare = state / "sources/s/repo.git"
    pack = next(bare.rglob("*.pack"), None)
    if pack is not None:
        pack = pack.rename(tmp_path / "moved.pack")
        subprocess.run(
            ["git", f"--git-dir={bare}", "unpack-objects", "-q"], stdin=pack.open("rb"), check=True
        )
        next(bare.rglob("*.idx")).unlink()
    blob = repo.git("rev-parse", "HEAD:a.yaml")
    (bare / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(SourceError) as caught:
        source.read(revision)
    assert (caught.value.reason, caught.value.transient) == ("CloneDamaged", True)
    assert read(config(repo.path), state) == ALL


def test_only_paths_and_patterns_are_read(repo: Repo, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert read(config(repo.path, paths=("docs",)), state) == {"docs/b.yml": "b: 2\n"}
    assert read(config(repo.path, include=("*.txt",)), state) == {"c.txt": "no\n"}
    assert read(config(repo.path, exclude=("docs/",)), state) == {"a.yaml": "a: 1\n"}
    repo.commit({".argolintignore": "a.yaml\n"})
    assert read(config(repo.path), state) == {"docs/b.yml": "b: 2\n"}
    error = failure(config(repo.path, paths=("gone",)), state)
    assert (error.reason, error.message.startswith("s: gone is not in the repository at ")) == (
        "PathNotFound",
        True,
    )


def test_hooks_filters_and_configuration_of_the_repository_are_never_run(repo: Repo, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {mark}\n"
    for hook in (
        "post-checkout",
        "pre-receive",
        "post-update",
        "reference-transaction",
        "fsmonitor-watchman",
    ):
        file = repo.path / ".git/hooks" / hook
        file.write_text(script)
        file.chmod(0o755)
    repo.git("config", "filter.x.smudge", f"touch {mark}; cat")
    repo.git("config", "core.fsmonitor", f"touch {mark}")
    repo.git("config", "uploadpack.packObjectsHook", f"touch {mark}")
    repo.commit({".gitattributes": "*.yaml filter=x\n"})
    mark.unlink(missing_ok=True)
    assert read(config(repo.path), tmp_path / "state")["a.yaml"] == "a: 1\n"
    assert not mark.exists()


def test_surrounding_git_variables_do_not_steer(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo(tmp_path / "other")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, str(other.path / ".git"))
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    assert read(config(repo.path), tmp_path / "state") == ALL


def test_child_and_its_children_are_killed_at_the_timeout(tmp_path: Path) -> None:
    code, _, _ = run_git(["-c", "alias.x=!sleep 60", "x"], {"PATH": "/usr/bin:/bin"}, tmp_path, 0.3)
    assert code is None


# --- http and https --------------------------------------------------------------------------------------------------


def test_http_with_a_token(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_http(tmp_path) as server:
        server.password = CANARY
        url = f"{server.url}/origin/.git"
        error = failure(config(url), tmp_path / "state")
        assert error.reason == "AuthFailed"
        assert error.message.startswith(f"s: {url}: the server refused the credentials (")
        monkeypatch.setenv("GIT_TOKEN", CANARY)
        with_token = config(url, auth=Auth(token=Secret(env="GIT_TOKEN")))
        assert read(with_token, tmp_path / "state") == ALL
        monkeypatch.setenv("GIT_TOKEN", "wrong-" + CANARY)
        error = failure(with_token, tmp_path / "state")
        assert (error.reason, CANARY in str(error)) == ("AuthFailed", False)
        monkeypatch.delenv("GIT_TOKEN")
        assert (
            failure(with_token, tmp_path / "state").message
            == "s: the environment variable GIT_TOKEN is not set"
        )
    kept = [p for p in (tmp_path / "state").rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    assert kept == []


def test_secret_is_not_in_any_argument_vector(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    original = subprocess.Popen.__init__

    def spy(self: Any, args: Any, *rest: Any, **more: Any) -> None:
        seen.append([str(a) for a in args])
        original(self, args, *rest, **more)

    monkeypatch.setenv("GIT_TOKEN", CANARY)
    with serve_http(tmp_path) as server:
        server.password = CANARY
        monkeypatch.setattr(subprocess.Popen, "__init__", spy)
        read(
            config(f"{server.url}/origin/.git", auth=Auth(token=Secret(env="GIT_TOKEN"))), tmp_path / "state"
        )
    assert [a for a in seen if "ls-remote" in a]
    assert not [a for argv in seen for a in argv if CANARY in a]


def test_credentials_do_not_follow_a_redirect_to_another_host(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TOKEN", CANARY)
    with serve_http(tmp_path) as evil, serve_http(tmp_path) as server:
        evil.password = CANARY
        server.redirect = evil.url
        error = failure(
            config(f"{server.url}/origin/.git", auth=Auth(token=Secret(env="GIT_TOKEN"))), tmp_path / "state"
        )
        assert error.reason == "AuthFailed"
        assert [auth for _, auth in evil.requests if auth] == []


@pytest.mark.parametrize(
    ("status", "reason", "transient"),
    [
        (500, "SourceUnavailable", True),
        (503, "SourceUnavailable", True),
        (404, "RepositoryNotFound", False),
        (403, "AuthFailed", False),
    ],
)
def test_http_errors(repo: Repo, tmp_path: Path, status: int, reason: str, transient: bool) -> None:
    with serve_http(tmp_path) as server:
        server.status = status
        error = failure(config(f"{server.url}/origin/.git"), tmp_path / "state")
    assert (error.reason, error.transient) == (reason, transient)


def test_refused_connection(tmp_path: Path) -> None:
    error = failure(config("http://127.0.0.1:9/x.git"), tmp_path / "state")
    assert (error.reason, error.transient) == ("SourceUnavailable", True)


def test_https_needs_the_authority(repo: Repo, tmp_path: Path) -> None:
    ca, certificate, key = make_ca(tmp_path)
    with serve_http(tmp_path, tls=(certificate, key)) as server:
        url = f"{server.url}/origin/.git"
        error = failure(config(url), tmp_path / "state")
        assert (error.reason, error.remedy) == (
            "TlsFailed",
            "check the server's certificate; name its authority with `auth.ca_file`",
        )
        assert read(config(url, auth=Auth(ca_file=str(ca))), tmp_path / "state") == ALL


# --- ssh -------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh client here")
def test_ssh_with_known_hosts(repo: Repo, tmp_path: Path) -> None:
    pytest.importorskip("asyncssh", reason="the SSH server of this test is asyncssh")
    with serve_ssh(tmp_path) as server:
        url = f"ssh://git@127.0.0.1:{server.port}{repo.path}"
        hosts = tmp_path / "known_hosts"
        hosts.write_text("")
        auth = Auth(ssh_key_file=str(server.client_key), known_hosts=str(hosts))
        error = failure(config(url, auth=auth), tmp_path / "state")
        assert error.reason == "HostKeyUnknown"
        assert "the server's ssh host key is not in known_hosts" in error.message
        hosts.write_text(server.host_key)
        assert read(config(url, auth=auth), tmp_path / "state") == ALL
        other = subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "stranger"], check=False
        )
        assert other.returncode == 0
        error = failure(
            config(url, auth=replace(auth, ssh_key_file=str(tmp_path / "stranger"))), tmp_path / "state"
        )
        assert error.reason == "AuthFailed"
        public = (tmp_path / "stranger.pub").read_text().split()
        hosts.write_text(f"[127.0.0.1]:{server.port} {public[0]} {public[1]}\n")
        assert failure(config(url, auth=auth), tmp_path / "state").reason == "HostKeyChanged"


def test_missing_git_is_one_clear_message(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    original = builtins.__import__

    def without_git(name: str, *rest: Any, **more: Any) -> Any:
        if name == "git":
            raise ImportError("Bad git executable.\nmore")
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_git)
    with pytest.raises(UserError, match="Git cannot be used: Bad git executable"):
        open_source(config(repo.path), tmp_path)
