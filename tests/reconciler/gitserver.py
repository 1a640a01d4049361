"""Real Git servers for tests: `git http-backend` behind a small HTTP(S) server, and Git over a real SSH protocol."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}


class HttpGit:
    """What a test asks of the server: its URL, the requests it saw, and how it misbehaves."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, str]] = []
        self.password = ""
        self.redirect = ""
        self.status = 0


@contextmanager
def serve_http(root: Path, *, tls: tuple[Path, Path] | None = None) -> Iterator[HttpGit]:
    """Serve the repositories below `root` over http, or https with (certificate, key)."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(b"")

        def do_POST(self) -> None:
            if self.headers.get("Transfer-Encoding") == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.answer(body)

        def answer(self, body: bytes) -> None:
            git.requests.append((self.command, self.headers.get("Authorization", "")))
            if git.status:
                return self.reply(git.status, [], b"")
            if git.redirect:
                return self.reply(302, [("Location", git.redirect + self.path)], b"")
            wanted = "Basic " + base64.b64encode(f"x-access-token:{git.password}".encode()).decode()
            if git.password and self.headers.get("Authorization") != wanted:
                return self.reply(401, [("WWW-Authenticate", 'Basic realm="git"')], b"")
            path, _, query = self.path.partition("?")
            env = CLEAN | {
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
            }
            done = subprocess.run(
                ["git", "http-backend"], env=env, input=body, capture_output=True, timeout=60
            )
            head, _, payload = done.stdout.partition(b"\r\n\r\n")
            headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if ": " in line]
            status = next((int(v.split()[0]) for k, v in headers if k == "Status"), 200)
            return self.reply(status, [(k, v) for k, v in headers if k != "Status"], payload)

        def reply(self, status: int, headers: list[Any], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, tls))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    git = HttpGit(f"{scheme}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield git
    finally:
        server.shutdown()
        server.server_close()


def make_ca(folder: Path) -> tuple[Path, Path, Path]:
    """(CA certificate, server certificate for 127.0.0.1, server key)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: str, key: Any, issuer: Any, issuer_key: Any, extension: Any) -> Any:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(
            now + datetime.timedelta(days=1)
        )
        return builder.add_extension(extension, critical=False).sign(issuer_key, hashes.SHA256())

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("test authority", ca_key, None, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = certificate("127.0.0.1", key, ca.subject, ca_key, names)
    files = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    files[0].write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    files[2].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return files


class SshGit:
    """A running SSH server: its port, its host key line for known_hosts, and a client key that it accepts."""

    def __init__(self, port: int, host_key: str, client_key: Path) -> None:
        self.port = port
        self.host_key = host_key
        self.client_key = client_key


@contextmanager
def serve_ssh(folder: Path) -> Iterator[SshGit]:
    """Serve git-upload-pack over SSH on a free port of 127.0.0.1."""
    import asyncssh

    host_key = asyncssh.generate_private_key("ssh-ed25519")
    client_key = asyncssh.generate_private_key("ssh-ed25519")
    key_file = folder / "id_ed25519"
    key_file.write_bytes(client_key.export_private_key())
    key_file.chmod(0o600)
    (folder / "authorized").write_bytes(client_key.export_public_key())

    async def handle(process: Any) -> None:
        words = (process.command or "").split(" ", 1)
        if words[0] != "git-upload-pack":
            process.stderr.write(b"only reading is possible\n")
            process.exit(1)
            return
        env = CLEAN | {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        env |= {k: v for k, v in process.env.items() if k == "GIT_PROTOCOL"}
        child = await asyncio.create_subprocess_exec(
            "git",
            "upload-pack",
            words[1].strip("'"),
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())
        await process.wait_closed()

    ready = threading.Event()
    loop = asyncio.new_event_loop()
    found: list[int] = []
    stop = asyncio.Event()

    async def main() -> None:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=str(folder / "authorized"),
            process_factory=handle,
            encoding=None,
        )
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        await stop.wait()
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()), daemon=True)
    thread.start()
    assert ready.wait(20)
    public = host_key.export_public_key().decode().strip()
    try:
        yield SshGit(found[0], f"[127.0.0.1]:{found[0]} {public}\n", key_file)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
