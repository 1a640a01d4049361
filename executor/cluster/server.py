"""The API server as a process: socket, TLS, life cycle."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import orjson
import uvicorn

from argolint.errors import UserError
from executor.cluster import pki
from executor.cluster.app import App
from executor.cluster.audit import AuditLog
from executor.cluster.expiry import DEFAULT_TTL
from executor.cluster.protocol import Connection, sweep
from executor.cluster.state import Cluster

HANDSHAKE_SECONDS = 10.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _Server(uvicorn.Server):
    """A server that ends its streams when it is told to stop, so that stopping does not wait for clients."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_exit = on_exit

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but it does not raise the signal again after the shutdown: what follows tidies up."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, as uvicorn's does, with a limit on the time of a TLS handshake."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return Connection(self.config, self.server_state, {}, loop)

        limits: dict[str, Any] = (
            {"ssl_handshake_timeout": HANDSHAKE_SECONDS, "ssl_shutdown_timeout": HANDSHAKE_SECONDS}
            if self.config.ssl
            else {}
        )
        self.servers = [
            await loop.create_server(
                protocol, sock=one, ssl=self.config.ssl, backlog=self.config.backlog, **limits
            )
            for one in sockets or ()
        ]
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: close connections whose time is up, now and then."""
        if counter % 10 == 0:
            sweep(self.server_state.connections, asyncio.get_running_loop().time())
        return self.should_exit

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._on_exit()
        super().handle_exit(sig, frame)


def lock_folder(data: Path) -> IO[str]:
    """Take the data folder for this process. UserError when another server has it."""
    data.mkdir(parents=True, exist_ok=True)
    handle = open(data / "apiserver.lock", "w")  # noqa: SIM115 (held as long as the server runs)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise UserError(
            f"{data}: another API server is running on this folder",
            "Stop it first, or name another folder with --data.",
        ) from None
    return handle


def bind(host: str, port: int) -> socket.socket:
    """A bound socket. UserError when the port is taken or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f"port {port} on {host} is in use",
                "Choose another with --port (0 takes a free one), or stop the program that has it.",
            ) from None
        raise UserError(
            f"cannot listen on {host} port {port}: {error.strerror or error}", "Check --host and --port."
        ) from None
    except OverflowError:
        listener.close()
        raise UserError(f"port {port} does not exist", "A port is a number from 0 to 65535.") from None
    listener.set_inheritable(True)
    return listener


def serve(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    kubeconfig: Path | None = None,
    insecure: bool = False,
    synchronous: str = "normal",
    crds: str = "",
    event_ttl: float = DEFAULT_TTL,
    audit_log: Path | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the Kubernetes API from the folder `data` until SIGTERM or ^C.

    Writes an administrator's kubeconfig to `kubeconfig` (default `data/kubeconfig`) and `data/apiserver.json` with url and
    pid, then calls `ready` with the url. Port 0 takes a free port. `crds` (`minimal`, `full`) chooses
    the schemas of Argo's kinds; empty leaves them as the folder has them. Events are kept for `event_ttl` seconds. `audit_log` is the file
    that requests are written to. UserError when the folder, the port, a file or the combination of options cannot be used.
    """
    if insecure and host not in LOOPBACK:
        raise UserError(
            f"--insecure on {host} would make everyone on the network the administrator",
            "Leave out --insecure, or keep to --host 127.0.0.1.",
        )
    lock = lock_folder(data)
    try:
        audit = _audit(audit_log)
        listener = bind(host, port)
        uvicorn_loop = uvicorn.Config(app=None, loop="uvloop")  # type: ignore[arg-type]
        factory = uvicorn_loop.get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(
                _serve(data, listener, host, kubeconfig, insecure, synchronous, crds, event_ttl, audit, ready)
            )
    finally:
        (data / "apiserver.json").unlink(missing_ok=True)
        lock.close()


def _audit(path: Path | None) -> AuditLog | None:
    try:
        return AuditLog(path) if path is not None else None
    except OSError as error:
        raise UserError(
            f"--audit-log {path}: {error.strerror or error}", "Name a file in a folder that can be written."
        ) from None


async def _serve(
    data: Path,
    listener: socket.socket,
    host: str,
    kubeconfig: Path | None,
    insecure: bool,
    synchronous: str,
    crds: str,
    event_ttl: float,
    audit: AuditLog | None,
    ready: Callable[[str], None] | None,
) -> None:
    cluster = Cluster(data, synchronous=synchronous, crds=crds, event_ttl=event_ttl, audit=audit)
    cluster.auth.insecure = insecure
    port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    url = f"{'http' if insecure else 'https'}://{shown}:{port}"
    cluster.address = f"{shown}:{port}"
    cluster.open()
    config = uvicorn.Config(
        App(cluster),
        http=Connection,  # type: ignore[arg-type]
        ws="wsproto",
        interface="asgi3",
        proxy_headers=False,
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=3,
        backlog=1024,
    )
    authority: bytes | None = None
    if not insecure:
        names = tuple(
            dict.fromkeys(
                (host, "127.0.0.1", "::1", "localhost", socket.gethostname(), "kubernetes.default.svc")
            )
        )
        certificate, key = pki.issue(data / "pki", "server", "argolint-apiserver", hosts=names)
        config.ssl_certfile, config.ssl_keyfile = str(certificate), str(key)
        config.ssl_ca_certs, config.ssl_cert_reqs = str(data / "pki" / "ca.crt"), ssl.CERT_OPTIONAL
        authority = (data / "pki" / "ca.crt").read_bytes()
    await cluster.store.settled()
    target = kubeconfig or data / "kubeconfig"
    pki.write_private(target, pki.kubeconfig(url, cluster.auth.admin_token, authority))
    server = _Server(config, cluster.end_watches)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        if server.started:
            pki.write_private(
                data / "apiserver.json",
                orjson.dumps({"url": url, "pid": os.getpid(), "kubeconfig": str(target.resolve())}),
            )
            if ready is not None:
                ready(url)
        await serving
    finally:
        await cluster.close()
