"""One battery for every kind of store against real servers: rclone and SeaweedFS (S3, both check signatures), Azurite, HDFS.

OSS has no server that runs here: `_Oss` is a fake of ours that checks signatures as the protocol describes them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from executor.artifacts import locations
from executor.artifacts.azure import account_of
from executor.artifacts.base import ArtifactError, ArtifactMissing
from executor.artifacts.remote import RemoteStore
from tests.executor.artifacts.conftest import SECRETS, free_port, ref, running, secret
from tools import artifact_servers

FETCH = "run `make artifact-servers` to fetch it"
Place = Callable[..., dict]


def s3_place(port: int) -> Place:
    def place(key: str, *, bad: bool = False, bucket: str = "things", port: int = port) -> dict:
        return {
            "s3": {
                "endpoint": f"127.0.0.1:{port}", "insecure": True, "bucket": bucket, "key": key,
                "accessKeySecret": ref("id"), "secretKeySecret": ref("wrong" if bad else "key"),
            }
        }  # fmt: skip

    return place


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int]]:
    program = shutil.which("rclone") or shutil.which("rclone", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("there is no rclone")
    root = tmp_path_factory.mktemp("rclone")
    (root / "things").mkdir()
    port = free_port()
    words = [program, "--config", str(root / "none"), "serve", "s3", "--auth-key", "user,hunter22", "--addr"]
    with running([*words, f"127.0.0.1:{port}", str(root)], port):
        yield s3_place(port), port


@pytest.fixture(scope="module")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int]]:
    program = artifact_servers.seaweedfs()
    if program is None:
        pytest.skip(f"there is no SeaweedFS: {FETCH}")
    root = tmp_path_factory.mktemp("seaweedfs")
    identity = {
        "name": "user",
        "credentials": [{"accessKey": "user", "secretKey": "hunter22"}],
        "actions": ["Admin"],
    }
    (root / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3", "lance", "iceberg")}
    words = [
        program, "server", f"-dir={root}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={ports['master']}",
        f"-volume.port={ports['volume']}", "-filer", f"-filer.port={ports['filer']}", "-s3", f"-s3.port={ports['s3']}",
        f"-s3.port.lance={ports['lance']}",
        f"-s3.port.iceberg={ports['iceberg']}", f"-s3.config={root}/s3.json", "-master.volumeSizeLimitMB=64",
        *[f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")],
    ]  # fmt: skip
    with running(words, ports["s3"]):
        place = s3_place(ports["s3"])
        # It answers before it has elected its master: the first bucket is asked for until it is there.
        maker = RemoteStore(root / "disk", secret)
        for attempt in range(60):
            wanted = place("x")["s3"] | {"createBucketIfNotPresent": {}}
            try:
                maker.remote("s3", wanted).put("probe", root / "s3.json")
                maker.remote("s3", wanted).delete("probe")
                break
            except ArtifactError:
                assert attempt < 59, "SeaweedFS never became ready"
                threading.Event().wait(1)
        yield place, ports["s3"]


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int]]:
    words = artifact_servers.azurite()
    if words is None:
        pytest.skip(f"there is no Azurite: {FETCH}")
    from azure.storage.blob import BlobServiceClient

    port = free_port()
    options = ["--silent", "--location", str(tmp_path_factory.mktemp("azurite")), "--blobHost", "127.0.0.1"]
    with running([*words, *options, "--blobPort", str(port), "--skipApiVersionCheck"], port):
        account = f"http://127.0.0.1:{port}/devstoreaccount1"
        key = {"account_name": "devstoreaccount1", "account_key": SECRETS["azure"]}
        BlobServiceClient(account, credential=key).create_container("things")

        def place(key: str, *, bad: bool = False, bucket: str = "things", port: int = port) -> dict:
            account = f"http://127.0.0.1:{port}/devstoreaccount1"
            credential = ref("azure-wrong" if bad else "azure")
            return {
                "azure": {
                    "endpoint": account,
                    "container": bucket,
                    "blob": key,
                    "accountKeySecret": credential,
                }
            }

        yield place, port


class _Oss(BaseHTTPRequestHandler):
    """A fake of OSS: objects in memory, path-style addresses, signatures of version 1 checked."""

    objects: ClassVar[dict[str, bytes]] = {}
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        bucket, _, key = urllib.parse.unquote(path).lstrip("/").partition("/")
        body = self._body()
        content_type, date = self.headers.get("Content-Type", ""), self.headers.get("Date", "")
        headers = sorted((n.lower(), v) for n, v in self.headers.items() if n.lower().startswith("x-oss-"))
        canonical = "".join(f"{n}:{v}\n" for n, v in headers) + f"/{bucket}/{key}"
        text = f"{self.command}\n{self.headers.get('Content-MD5', '')}\n{content_type}\n{date}\n{canonical}"
        digest = base64.b64encode(hmac.new(b"hunter22", text.encode(), hashlib.sha1).digest()).decode()
        if self.headers.get("Authorization") != f"OSS user:{digest}":
            self._answer(403, _error("SignatureDoesNotMatch"))
        elif bucket != "things":
            self._answer(404, _error("NoSuchBucket"))
        elif self.command == "PUT":
            _Oss.objects[key] = body
            self._answer(200, b"")
        elif self.command == "DELETE":
            _Oss.objects.pop(key, None)
            self._answer(204, b"")
        elif not key:
            prefix = urllib.parse.parse_qs(query).get("prefix", [""])[0]
            names = "".join(
                f"<Contents><Key>{n}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>x</ETag><Type>Normal</Type>"
                f"<Size>{len(b)}</Size><StorageClass>Standard</StorageClass></Contents>"
                for n, b in sorted(_Oss.objects.items()) if n.startswith(prefix)
            )  # fmt: skip
            self._answer(
                200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{names}</ListBucketResult>".encode()
            )
        elif key not in _Oss.objects:
            self._answer(404, _error("NoSuchKey"))
        else:
            self._answer(200, _Oss.objects[key])

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""  # what requests makes of an empty file
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: object) -> None:
        return


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>fake</Message></Error>".encode()


@pytest.fixture(scope="module")
def oss() -> Iterator[tuple[Place, int]]:
    pytest.importorskip("oss2")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Oss)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def place(key: str, *, bad: bool = False, bucket: str = "things", port: int = server.server_port) -> dict:
        keys = {"accessKeySecret": ref("id"), "secretKeySecret": ref("wrong" if bad else "key")}
        return {"oss": {"endpoint": f"http://127.0.0.1:{port}", "bucket": bucket, "key": key, **keys}}

    yield place, server.server_port
    server.shutdown()


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, int]]:
    folder = tmp_path_factory.mktemp("hdfs")
    words = artifact_servers.hdfs(folder)
    if words is None:
        pytest.skip(f"there is no Hadoop: {FETCH}")
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = next((text for text in process.stdout if text.startswith("PORT ")), "")
    assert line, "the name node did not start"
    port = int(line.split()[1])

    def place(key: str, *, bad: bool = False, bucket: str = "root", port: int = port, **more: object) -> dict:
        user = "mallory" if bad else os.environ.get("USER", "root")
        return {
            "hdfs": {
                "addresses": [f"127.0.0.1:{port}"],
                "path": f"/{key}",
                "hdfsUser": user,
                "force": True,
                **more,
            }
        }

    yield place, port
    process.stdin.close()  # type: ignore[union-attr]
    process.wait(30)


FETCHED = [pytest.param(name, marks=pytest.mark.servers) for name in ("seaweedfs", "azurite", "hdfs")]
AZURITE, HDFS = FETCHED[1:]
KINDS = ["rclone", "oss", *FETCHED]
every_store = pytest.mark.parametrize("kind", KINDS)
every_object_store = pytest.mark.parametrize("kind", KINDS[:-1])


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> tuple[Place, int]:
    return request.getfixturevalue(kind)


def driver_of(store: RemoteStore, where: dict):
    kind = next(iter(where))
    return store.remote(kind, where[kind])


def load(where: dict, target: Path, store: RemoteStore) -> None:
    locations.load({"name": "a", **where}, target, store, {}, secret)


@every_store
def test_files_and_directories_go_there_and_come_back(server, store: RemoteStore, tmp_path: Path) -> None:
    place, _ = server
    (tmp_path / "in/sub").mkdir(parents=True)
    (tmp_path / "in/a.txt").write_text("A")
    (tmp_path / "in/empty").touch()
    (tmp_path / "in/sub/ü b+c.bin").write_bytes(os.urandom(10 << 20))
    locations.save(place("one/file"), tmp_path / "in/a.txt", store, {})
    locations.save(place("one/file"), tmp_path / "in/a.txt", store, {})
    locations.save(place("one/dir"), tmp_path / "in", store, {})
    load(place("one/file"), tmp_path / "file", store)
    load(place("one/dir"), tmp_path / "dir", store)
    assert (tmp_path / "file").read_text() == "A"
    assert (tmp_path / "dir/empty").read_bytes() == b""
    assert (tmp_path / "dir/sub/ü b+c.bin").read_bytes() == (tmp_path / "in/sub/ü b+c.bin").read_bytes()
    driver = driver_of(store, place("x"))
    assert driver.list("one/dir/") == ["one/dir/a.txt", "one/dir/empty", "one/dir/sub/ü b+c.bin"]
    (tmp_path / "in/a.txt").write_text("another")
    locations.save(place("one/file"), tmp_path / "in/a.txt", store, {})
    load(place("one/file"), tmp_path / "file", store)
    assert (tmp_path / "file").read_text() == "another"
    locations.delete({"name": "a", **place("one/dir")}, store, {})
    locations.delete({"name": "a", **place("one/dir")}, store, {})
    assert driver.list("one/") == ["one/file"]
    assert not (tmp_path / "disk").exists()


@every_store
def test_what_is_not_there_is_missing_by_name(server, store: RemoteStore, tmp_path: Path) -> None:
    place, _ = server
    with pytest.raises(ArtifactMissing, match=r"there is no (object|blob|file) .*no/such"):
        load(place("no/such"), tmp_path / "x", store)
    assert not (tmp_path / "x").exists()


@every_object_store
def test_wrong_credentials_and_buckets_are_errors_that_show_no_secret(
    server, store: RemoteStore, tmp_path: Path
) -> None:
    place, _ = server
    for where in (place("one/file", bad=True), place("one/file", bucket="nobucket")):
        with pytest.raises(ArtifactError) as caught:
            load(where, tmp_path / "x", store)
        assert not isinstance(caught.value, ArtifactMissing)
        assert "/one/file" in str(caught.value)
        assert not any(value in str(caught.value) for value in SECRETS.values() if value != "user")
    with pytest.raises(ArtifactError):
        locations.save(place("one/file", bad=True), Path(__file__), store, {})


class _Busy(BaseHTTPRequestHandler):
    """Passes requests on to a server, but answers 503 to some first."""

    port = 0
    failures = 0
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if _Busy.failures:
            _Busy.failures -= 1
            self._answer(503, [], b"")
            return
        upstream = http.client.HTTPConnection("127.0.0.1", _Busy.port, timeout=20)
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        answer = upstream.getresponse()
        data = answer.read()
        kept = [
            (n, v)
            for n, v in answer.getheaders()
            if n.lower() not in ("transfer-encoding", "connection", "content-length")
        ]
        self._answer(answer.status, kept, data, answer.getheader("Content-Length"))

    def _answer(
        self, code: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None
    ) -> None:
        self.send_response_only(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = do_HEAD = do_POST = _serve

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.mark.parametrize("kind", ["rclone", AZURITE])
def test_a_store_that_is_busy_is_asked_again(server, store: RemoteStore, tmp_path: Path) -> None:
    place, port = server
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _Busy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    _Busy.port = port
    (tmp_path / "in").write_text("busy")
    locations.save(place("busy"), tmp_path / "in", store, {})
    # The signature is for the address that was asked, which is the proxy's: it hands the Host header on.
    through = place("busy", port=proxy.server_port)
    try:
        _Busy.failures = 2
        load(through, tmp_path / "out", store)
        assert (tmp_path / "out").read_text() == "busy"
        _Busy.failures = 1000
        with pytest.raises(ArtifactError, match="503"):
            load(through, tmp_path / "out2", store)
    finally:
        _Busy.failures = 0
        proxy.shutdown()


@every_store
def test_a_store_that_is_not_there_is_an_error(server, store: RemoteStore, tmp_path: Path) -> None:
    place, _ = server
    with pytest.raises(ArtifactError, match=r"127\.0\.0\.1"):
        load(place("one/file", port=free_port()), tmp_path / "x", store)


@pytest.mark.parametrize("kind", [HDFS])
def test_hdfs_keeps_other_users_out_and_overwrites_by_force_only(
    server, store: RemoteStore, tmp_path: Path
) -> None:
    place, _ = server
    (tmp_path / "in").write_text("x")
    locations.save(place("kept"), tmp_path / "in", store, {})
    with pytest.raises(ArtifactError, match=r"/kept exists already \(force: true overwrites it\)"):
        locations.save(place("kept", force=False), tmp_path / "in", store, {})
    with pytest.raises(ArtifactError, match="Permission denied: user=mallory"):
        locations.save(place("theirs", bad=True), tmp_path / "in", store, {})
    with pytest.raises(ArtifactError, match="neither hdfsUser nor krb"):
        load(place("kept", hdfsUser=""), tmp_path / "x", store)


def test_the_account_of_an_azure_endpoint() -> None:
    assert account_of("https://acme.blob.core.windows.net") == "acme"
    assert account_of("http://127.0.0.1:10000/devstoreaccount1") == "devstoreaccount1"
    with pytest.raises(ArtifactError, match="names no storage account"):
        account_of("http://127.0.0.1:10000")


@pytest.mark.parametrize("kind", [AZURITE])
def test_a_sas_token_in_the_place_of_the_account_key(
    server, store: RemoteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime, timedelta

    from azure.storage.blob import ContainerSasPermissions, generate_container_sas

    place, _ = server
    token = generate_container_sas(
        "devstoreaccount1", "things", account_key=SECRETS["azure"], permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )  # fmt: skip
    monkeypatch.setitem(SECRETS, "sas", f"?{token}")
    (tmp_path / "in").write_text("by token")
    locations.save(place("sas/file"), tmp_path / "in", store, {})
    where = place("sas/file")
    where["azure"]["accountKeySecret"] = ref("sas")
    load(where, tmp_path / "out", store)
    assert (tmp_path / "out").read_text() == "by token"
    with pytest.raises(ArtifactError, match="403"):
        locations.save(where, tmp_path / "in", store, {})


@pytest.mark.sandbox
@pytest.mark.parametrize("kind", [AZURITE, HDFS])
def test_a_workflow_passes_an_artifact_through_the_store(server, store: RemoteStore, tmp_path: Path) -> None:
    from executor.runtimes.probe import probe_sandbox

    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    place, _ = server
    where = json.dumps(place("run/out.tgz"))[1:-1]
    (tmp_path / "wf.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - name: main\n    steps:\n    - - {name: make, template: make}\n"
        "    - - {name: use, template: use, arguments: {artifacts: [{name: f, from: '{{steps.make.outputs.artifacts.f}}'}]}}\n"
        f"  - name: make\n    outputs: {{artifacts: [{{name: f, path: /out, {where}}}]}}\n"
        "    container: {image: alpine, command: [sh, -c, 'mkdir /out; echo hello > /out/x']}\n"
        "  - name: use\n    inputs: {artifacts: [{name: f, path: /in}]}\n    container: {image: alpine, command: [cat, /in/x]}\n"
    )
    words = [sys.executable, "-m", "executor", "run", "wf.yaml", "--artifacts", "real", "--no-lint"]
    words += ["-s", f"s/azure={SECRETS['azure']}"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "use: hello\n" in done.stdout
    assert SECRETS["azure"] not in done.stdout + done.stderr
    assert driver_of(store, place("x")).list("run/") == ["run/out.tgz"]
