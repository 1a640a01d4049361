"""The kubelet's side of `kubectl exec`: a command in the namespaces of a running container."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from executor.cluster import execwire
from executor.runtimes.containers import ContainerRun
from executor.runtimes.input import Input

# (namespace, pod, container) -> the container, None when it is about to run; LookupError says why there is none.
FindRun = Callable[[str, str, str], ContainerRun | None]

_KILL_FIRST = re.compile(r"kill -(\d{1,2}) 1")
_CHUNK = 32 * 1024
_STARTING = 2.0


class ExecServer:
    """Listens on the data directory's socket until `stop`; each connection is one command in a thread of its own."""

    def __init__(self, data: Path, find: FindRun, usage: Callable[[], dict[str, Any]] = dict) -> None:
        """`usage` gives what the API asks for as `metrics.k8s.io`."""
        self._path = execwire.socket_path(data)
        self._find = find
        self._usage = usage
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Begin to listen. The socket is only its owner's."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        # A socket's path may have 107 bytes at the most; from its own folder it is short whatever the data directory is called.
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            listener.bind(f"/proc/self/fd/{folder}/{self._path.name}")
        finally:
            os.close(folder)
        self._path.chmod(0o600)
        listener.listen(16)
        self._listener = listener
        threading.Thread(target=self._accept, name="kubelet-exec", daemon=True).start()

    def stop(self) -> None:
        """Listen no more; commands that run go on until their container ends."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        assert self._listener is not None
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as reader:
            send = _Sender(connection)
            try:
                channel, payload = read_frame(reader)
                if channel != execwire.REQUEST:
                    return
                request = json.loads(payload)
                if request.get("usage"):
                    send(execwire.STDOUT, json.dumps(self._usage()).encode())
                    return
                send(execwire.ERROR, self._answer(request, reader, send))
            except LookupError as error:
                send(execwire.ERROR, execwire.failure(404, "NotFound", str(error.args[0])))
            except (OSError, ValueError, KeyError) as error:
                send(
                    execwire.ERROR, execwire.failure(500, "InternalError", f"cannot run the command: {error}")
                )

    def _answer(self, request: dict[str, Any], reader: BinaryIO, send: Callable[[int, bytes], None]) -> bytes:
        """Do what a request asks for; the Status at its end. LookupError, OSError."""
        place = (request["namespace"], request["pod"], request["container"])
        if request.get("attach"):
            attach(self._running(*place), reader, send)
            return execwire.success()
        number = signal_of(request["command"])
        if number is not None:
            container = self._find(*place)
            if container is not None:  # argoexec's own containers are played: there is nothing to end
                container.signal(number)
            return execwire.success()
        return execwire.exit_status(run(_pid_of(self._running(*place)), request, reader, send))

    def _running(self, namespace: str, pod: str, name: str) -> ContainerRun:
        """A container that runs. One that is being started is given a moment: clients come as soon as its pod is said to run."""
        deadline = time.monotonic() + _STARTING
        while (found := self._find(namespace, pod, name)) is None or not _pid_of(found):
            if time.monotonic() > deadline:
                raise LookupError(f"container {name} of pod {pod} does not run")
            time.sleep(0.02)
        return found


def _pid_of(container: ContainerRun) -> int:
    """The main process of a container on the host; 0 when it is about to run."""
    pid: int = getattr(container.handle, "entry_pid", 0) if container.handle is not None else 0
    return pid


def attach(container: ContainerRun, reader: BinaryIO, send: Callable[[int, bytes], None]) -> None:
    """Carry a client's input to the container, and what its terminal shows to the client, until either has gone.

    What a container without a terminal prints is read from its log, by the API server.
    """
    given = container.input
    if given is None:
        raise LookupError(f"container {container.state.name} has no standard input")
    stop = given.listen(lambda piece: send(execwire.STDOUT, piece))
    feeder = threading.Thread(target=_feed_input, args=(reader, given), daemon=True)
    feeder.start()
    try:
        while feeder.is_alive() and not given.ended.wait(0.1):
            pass
    finally:
        stop()


def _feed_input(reader: BinaryIO, given: Input) -> None:
    """Frames of a client as input, until it leaves."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        while True:
            channel, payload = read_frame(reader)
            if channel == execwire.STDIN:
                given.write(payload)
            elif channel == execwire.RESIZE:
                size = json.loads(payload)
                given.resize(int(size["Height"]), int(size["Width"]))
            elif channel == execwire.CLOSE:
                given.finish()
    given.finish()


class _Sender:
    """Writes whole frames from several threads; a peer that has gone is not an error."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def __call__(self, channel: int, payload: bytes) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._connection.sendall(execwire.frame(channel, payload))


def read_frame(reader: BinaryIO) -> tuple[int, bytes]:
    """The next frame. EOFError (an OSError here) when the peer has gone; ValueError for one that is too large."""
    header = reader.read(execwire.HEADER.size)
    if len(header) < execwire.HEADER.size:
        raise ConnectionResetError("the client has gone")
    channel, size = execwire.HEADER.unpack(header)
    if size > execwire.MAX_FRAME:
        raise ValueError(f"a frame of {size} bytes")
    return channel, reader.read(size)


def signal_of(command: Sequence[str]) -> int | None:
    """The signal that a command is to send to the first process of its container; None for any other command.

    That is how Argo's controller ends a container: with `argoexec kill`, or with a shell where there is no argoexec. In a container
    there is neither the program, which is played, nor is process 1 the container's own. Upstream: workflow/signal/signal.go.
    """
    words = list(command)
    if (
        len(words) == 4
        and words[0].rsplit("/", 1)[-1] == "argoexec"
        and words[1] == "kill"
        and words[3] == "1"
    ):
        text = words[2]
    elif len(words) == 3 and words[0] in ("/bin/sh", "sh") and words[1] == "-c":
        match = _KILL_FIRST.fullmatch(words[2])
        text = match[1] if match else ""
    else:
        return None
    return int(text) if text.isdecimal() and 0 < int(text) < signal.NSIG else None


def enter(pid: int, command: list[str]) -> list[str]:
    """The command line that runs `command` in all namespaces of a process. OSError when nsenter is not installed."""
    nsenter = shutil.which("nsenter")
    if nsenter is None:
        raise FileNotFoundError("the program nsenter (Debian: util-linux) is not installed")
    words = [nsenter, "--target", str(pid)]
    for option, name in (
        ("--mount", "mnt"),
        ("--pid", "pid"),
        ("--ipc", "ipc"),
        ("--uts", "uts"),
        ("--net", "net"),
    ):
        if _differs(pid, name):
            words.append(option)
    if _differs(pid, "user"):
        words += ["--user", "--preserve-credentials"]
    return [*words, "--", *command]


def _differs(pid: int, name: str) -> bool:
    return os.readlink(f"/proc/{pid}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}")


def environment(pid: int) -> dict[str, str]:
    """The environment that the container's main process was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    found = {}
    for pair in pairs:
        name, separator, value = pair.partition(b"=")
        if separator:
            found[os.fsdecode(name)] = os.fsdecode(value)
    return found


def run(pid: int, request: dict[str, Any], reader: BinaryIO, send: Callable[[int, bytes], None]) -> int:
    """Run the command of a request beside process `pid`; its exit code (128 + n when killed by signal n)."""
    argv, env = enter(pid, list(request["command"])), environment(pid)
    if request.get("tty"):
        return _run_tty(argv, {"TERM": "xterm", **env}, reader, send)
    process = subprocess.Popen(
        argv,
        env=env,
        cwd="/",
        stdin=subprocess.PIPE if request.get("stdin") else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    pumps = [
        threading.Thread(target=_pump, args=(stream, channel, send), daemon=True)
        for stream, channel in ((process.stdout, execwire.STDOUT), (process.stderr, execwire.STDERR))
    ]
    feeder = threading.Thread(target=_feed, args=(reader, process, None), daemon=True)
    for thread in (*pumps, feeder):
        thread.start()
    code = process.wait()
    for thread in pumps:
        thread.join(5)
    return code if code >= 0 else 128 - code


def _run_tty(
    argv: list[str], env: dict[str, str], reader: BinaryIO, send: Callable[[int, bytes], None]
) -> int:
    primary, secondary = pty.openpty()
    try:
        process = subprocess.Popen(
            argv, env=env, cwd="/", preexec_fn=lambda: os.login_tty(secondary), close_fds=True
        )
    finally:
        os.close(secondary)
    threading.Thread(target=_feed, args=(reader, process, primary), daemon=True).start()
    with contextlib.suppress(OSError):  # a terminal whose last process has gone answers with EIO
        while chunk := os.read(primary, _CHUNK):
            send(execwire.STDOUT, chunk)
    code = process.wait()
    os.close(primary)
    return code if code >= 0 else 128 - code


def _pump(stream: BinaryIO, channel: int, send: Callable[[int, bytes], None]) -> None:
    while chunk := os.read(stream.fileno(), _CHUNK):
        send(channel, chunk)


def _feed(reader: BinaryIO, process: subprocess.Popen[bytes], terminal: int | None) -> None:
    """Carry the client's input to the process until either has gone; a client that leaves ends its command."""
    try:
        while True:
            channel, payload = read_frame(reader)
            if channel == execwire.RESIZE and terminal is not None:
                size = json.loads(payload)
                fcntl.ioctl(
                    terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size["Height"], size["Width"], 0, 0)
                )
            elif channel == execwire.STDIN and terminal is not None:
                os.write(terminal, payload)
            elif channel == execwire.STDIN and process.stdin is not None:
                process.stdin.write(payload)
                process.stdin.flush()
            elif channel == execwire.CLOSE and process.stdin is not None:
                process.stdin.close()
    except (OSError, ValueError, KeyError):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGHUP)
