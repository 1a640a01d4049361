"""The process runtime: no isolation, for machines without user namespaces.

A container is a process group of the host. Its mounts and output paths are made to exist by symbolic links where the
manifest declared them, which is only safe for paths under a temporary directory that nobody else uses at the time; what
cannot be made safe is refused with the path's name.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from executor.runtimes.base import ContainerSpec, Exit, Mount, StartFailed
from executor.runtimes.rootfs import resolve
from executor.runtimes.sandbox import SYSTEM_PATH

# Mounts of argoexec's own that a program reaches by path only in the ways that we rewrite below.
_OWN = ("/var/run/argo", "/argo", "/dev/termination-log", "/tmp", "/.argorun")


class ProcessHandle:
    """A process group."""

    def __init__(
        self, process: subprocess.Popen[bytes], spec: ContainerSpec, links: list[str], runtime: ProcessRuntime
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._spec = spec
        self._links = links
        self._runtime = runtime

    @property
    def entry_pid(self) -> int:
        """Id of the main process, 0 when it has ended."""
        return self.pid if self._process.poll() is None else 0

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):
                pass

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> Exit | None:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        try:
            os.killpg(self.pid, signal.SIGKILL)  # what the main process left behind
        except (ProcessLookupError, PermissionError):
            pass
        self._runtime.collect(self._spec)
        self._runtime.release(self._links)
        if code < 0:
            return Exit(128 - code, "Error")
        return Exit(code, "Completed" if code == 0 else "Error")

    def export(self, path: str) -> Path | None:
        private = resolve(path, self._spec.root, self._spec.mounts)
        if private is not None and os.path.lexists(private):
            return private
        return None

    def close(self) -> None:
        self._runtime.release(self._links)


class ProcessRuntime:
    """Containers as plain process groups."""

    name = "process"
    isolated = False
    needs_profile = True

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def start(self, spec: ContainerSpec) -> ProcessHandle:
        """Start a process. Raises StartFailed for a mount that would need to replace a path of this machine."""
        if spec.profile is not None and spec.profile.rootfs:
            raise StartFailed("an unpacked image needs the sandbox, which does not work here")
        env, argv = self._mapped(spec)
        links = self._link(spec)
        self._claim(spec, links)
        cwd = resolve(spec.cwd, spec.root, spec.mounts) if spec.cwd != "/" else spec.root
        if cwd is not None:
            cwd.mkdir(parents=True, exist_ok=True)
        try:
            program = shutil.which(argv[0], path=env["PATH"])
            if program is None:
                self.release(links)
                raise StartFailed(f'exec: "{argv[0]}": executable file not found in $PATH')
            process = subprocess.Popen(
                argv, executable=program, stdin=spec.stdin, stdout=spec.stdout, stderr=spec.stderr, env=env, cwd=cwd,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            self.release(links)
            raise StartFailed(f"cannot start {argv[0]}: {error}") from error
        return ProcessHandle(process, spec, links, self)

    def _mapped(self, spec: ContainerSpec) -> tuple[dict[str, str], list[str]]:
        """Environment and arguments, with argoexec's own paths and the toolchain's files as host paths."""
        tmp = spec.root / "tmp"
        tmp.mkdir(parents=True, exist_ok=True)
        own = spec.profile.path if spec.profile else ()
        tools = sorted(
            {str(Path(source).parent) for source in (spec.profile.files.values() if spec.profile else ())}
        )
        env = {
            "PATH": ":".join([*own, *tools, SYSTEM_PATH]),
            **spec.env,
            "TMPDIR": str(tmp),
            "HOME": str(spec.root),
        }
        files = dict(spec.profile.files) if spec.profile else {}
        argv = [files.get(word, word) for word in spec.argv]
        return env, [self._own_path(word, spec.mounts) for word in argv]

    @staticmethod
    def _own_path(word: str, mounts: tuple[Mount, ...]) -> str:
        """A word that is a path on argoexec's own volumes, as a host path (scripts are staged on one)."""
        for mount in mounts:
            if mount.target.startswith("/argo/") and (
                word == mount.target or word.startswith(mount.target + "/")
            ):
                return str(mount.source) + word[len(mount.target) :]
        return word

    def _link(self, spec: ContainerSpec) -> list[str]:
        """Make the user's mounts reachable at their paths by links; refuse what is taken."""
        made: list[str] = []
        for mount in spec.mounts:
            own = mount.target in _OWN or mount.target.startswith(("/argo/", "/var/run/argo"))
            if own and not mount.target.startswith("/tmp/"):
                continue
            with self._lock:
                if os.path.lexists(mount.target) or mount.target in self._held:
                    self._release(made)
                    raise StartFailed(
                        f"without a sandbox {mount.target} cannot be mounted: the path is in use on this machine; "
                        "install bubblewrap (pip install 'argolint[run]') where user namespaces are allowed, or use --runtime container"
                    )
                try:
                    os.symlink(mount.source, mount.target)
                except OSError as error:
                    self._release(made)
                    raise StartFailed(
                        f"without a sandbox {mount.target} cannot be mounted: {error.strerror}"
                    ) from error
                self._held.add(mount.target)
                made.append(mount.target)
        return made

    def _claim(self, spec: ContainerSpec, links: list[str]) -> None:
        """Hold the declared output paths until the container has ended; refuse one that is in use."""
        with self._lock:
            for path in self._unmounted(spec):
                if os.path.lexists(path) or path in self._held:
                    self._release(links)
                    raise StartFailed(
                        f"without a sandbox the output path {path} is not private, and it is in use on this machine; "
                        "install bubblewrap (pip install 'argolint[run]') where user namespaces are allowed, or use --runtime container"
                    )
                self._held.add(path)
                links.append(path)

    @staticmethod
    def _unmounted(spec: ContainerSpec) -> list[str]:
        targets = [mount.target.rstrip("/") for mount in spec.mounts]
        paths = [os.path.normpath(path) for path in spec.outputs]
        return [p for p in paths if not any(p == t or p.startswith(t + "/") for t in targets)]

    def collect(self, spec: ContainerSpec) -> None:
        """Move what the container wrote at its declared output paths into its private root."""
        for path in self._unmounted(spec):
            target = spec.root / path.lstrip("/")
            if os.path.lexists(path) and not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)

    def release(self, links: list[str]) -> None:
        """Remove the links that a container had."""
        with self._lock:
            self._release(links)

    def _release(self, links: list[str]) -> None:
        for link in links:
            self._held.discard(link)
            if os.path.islink(link):
                os.unlink(link)
        links.clear()
