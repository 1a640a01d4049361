"""The content store, and loading from git and http."""

from __future__ import annotations

import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from executor.artifacts import locations
from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.disk import DiskStore


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "store")


def no_secret(_: object) -> str:
    raise ArtifactError("no secrets here")


def test_put_get_list_delete(store: DiskStore, tmp_path: Path) -> None:
    source = tmp_path / "dir"
    (source / "sub").mkdir(parents=True)
    (source / "a").write_text("1")
    (source / "sub" / "b").write_text("2")
    store.put_file("s3/b/x/file", source / "a")
    store.put_file("s3/b/x/dir", source)
    assert list(store.list("s3/b/x")) == ["s3/b/x/file", "s3/b/x/dir/a", "s3/b/x/dir/sub/b"] or sorted(
        store.list("s3/b/x")
    ) == [
        "s3/b/x/dir/a",
        "s3/b/x/dir/sub/b",
        "s3/b/x/file",
    ]
    store.get_file("s3/b/x/dir", tmp_path / "back")
    assert (tmp_path / "back" / "sub" / "b").read_text() == "2"
    store.put_file("s3/b/x/dir", source / "a")
    assert list(store.list("s3/b/x/dir")) == ["s3/b/x/dir"]
    store.delete("s3/b/x")
    store.delete("s3/b/x")
    assert not store.exists("s3/b/x/file")
    with pytest.raises(ArtifactMissing):
        store.get_file("s3/b/x/file", tmp_path / "gone")


@pytest.mark.parametrize("key", ["", "/", "s3/../../x", "a/\0/b"])
def test_keys_that_are_no_paths(store: DiskStore, key: str) -> None:
    with pytest.raises(ArtifactError):
        store.exists(key)


def test_a_key_only_artifact_is_looked_up_in_the_repositorys_bucket(store: DiskStore, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("data")
    repository = {"s3": {"bucket": "repo", "key": "prefix"}}
    locations.save({"s3": {"key": "k"}}, tmp_path / "f", store, repository)
    assert list(store.list("s3")) == ["s3/repo/k"]
    locations.load({"name": "a", "s3": {"key": "k"}}, tmp_path / "back", store, repository, no_secret)
    assert (tmp_path / "back").read_text() == "data"
    with pytest.raises(ArtifactMissing):
        locations.load(
            {"name": "a", "s3": {"bucket": "other", "key": "k"}}, tmp_path / "x", store, repository, no_secret
        )


def git(*words: str, cwd: Path) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "GIT_CONFIG_GLOBAL": "/dev/null"}
    base = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run([*base, *words], cwd=cwd, env=env, check=True, capture_output=True)


def test_git(store: DiskStore, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    git("init", cwd=repo)
    for number in ("1", "2"):
        (repo / "f").write_text(number)
        git("add", "f", cwd=repo)
        git("commit", "-m", number, cwd=repo)
    git("tag", "old", "HEAD~1", cwd=repo)
    artifact = {"name": "g", "git": {"repo": str(repo), "revision": "old"}}
    locations.load(artifact, tmp_path / "clone", store, {}, no_secret)
    assert (tmp_path / "clone" / "f").read_text() == "1"
    artifact["git"]["revision"] = "no-such-revision"
    with pytest.raises(ArtifactError, match="git fetch failed"):
        locations.load(artifact, tmp_path / "clone2", store, {}, no_secret)


@pytest.mark.parametrize("repo", ["ext::sh -c 'touch /tmp/pwned'", "--upload-pack=touch", ""])
def test_git_addresses_that_run_programs_are_refused(store: DiskStore, tmp_path: Path, repo: str) -> None:
    with pytest.raises(ArtifactError, match="not an address"):
        locations.load({"name": "g", "git": {"repo": repo}}, tmp_path / "x", store, {}, no_secret)


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/f" and self.headers.get("X-Who") == "me"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"body" if found else b"")

    def log_message(self, *_: object) -> None:
        return


def test_http(store: DiskStore, tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        http = {"url": f"{base}/f", "headers": [{"name": "X-Who", "value": "me"}]}
        locations.load({"name": "h", "http": http}, tmp_path / "f", store, {}, no_secret)
        assert (tmp_path / "f").read_bytes() == b"body"
        with pytest.raises(ArtifactMissing, match="404"):
            locations.load({"name": "h", "http": {"url": f"{base}/g"}}, tmp_path / "g", store, {}, no_secret)
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(ArtifactError, match="not an http URL"):
        locations.load(
            {"name": "h", "http": {"url": "file:///etc/passwd"}}, tmp_path / "p", store, {}, no_secret
        )
