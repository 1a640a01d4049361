"""The container runtime: real images by podman (or docker, or nerdctl) on its command line.

An engine is used only after a trial run, since `info` answers on machines where `run` does not. Where the first trial
fails, the flags that hybrid cgroups and denied rlimits are known to need are tried as well.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp

from executor.runtimes.base import ContainerSpec, Exit, StartFailed
from executor.runtimes.rootfs import resolve

ENGINES = ("podman", "docker", "nerdctl")
TRIAL_IMAGE = "docker.io/library/busybox:latest"
COMPATIBILITY = ("--runtime", "runc", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
NOT_STARTED = {
    125: "the engine refused the container",
    126: "cannot be executed",
    127: "executable file not found in $PATH",
}


def _run(words: Sequence[str], timeout: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 255, str(error)
    return done.returncode, (done.stderr or done.stdout).decode(errors="replace").strip()


def probe_engine() -> tuple[PodmanRuntime | None, str]:
    """The first engine that runs a container, and why it was taken; (None, what went wrong) when none does."""
    problems: list[str] = []
    for name in ENGINES:
        program = shutil.which(name)
        if program is None:
            continue
        for flags in ((), COMPATIBILITY) if name == "podman" else ((),):
            code, words = _run(
                [
                    program,
                    *_global(flags),
                    "run",
                    "--rm",
                    *_local(flags),
                    "--network",
                    "none",
                    TRIAL_IMAGE,
                    "true",
                ],
                120,
            )
            if code == 0:
                why = f"{name}, a trial container ran" + (" with runc and lower limits" if flags else "")
                return PodmanRuntime(program, flags), why
        problems.append(f"{name}: {words.splitlines()[0] if words else f'exit {code}'}")
    return None, "; ".join(problems) or f"none of {', '.join(ENGINES)} is installed"


def _global(flags: Sequence[str]) -> list[str]:
    """The flags that stand before `run` (podman takes --runtime there only)."""
    return list(flags[:2]) if flags[:1] == ("--runtime",) else []


def _local(flags: Sequence[str]) -> list[str]:
    return list(flags[2:]) if flags[:1] == ("--runtime",) else list(flags)


class PodmanHandle:
    """A container of an engine; the engine's client process ends with the container's exit code."""

    def __init__(
        self,
        engine: PodmanRuntime,
        name: str,
        process: subprocess.Popen[bytes],
        spec: ContainerSpec,
        env_file: Path,
    ) -> None:
        self.pid = process.pid
        self._engine = engine
        self._name = name
        self._process = process
        self._spec = spec
        self._env_file = env_file
        self._exports = Path(mkdtemp(prefix="export-", dir=spec.root.parent))
        self._exit: Exit | None = None
        self._lock = threading.Lock()

    def signal(self, number: int) -> None:
        if self._process.poll() is None:
            self._engine.call("kill", "--signal", signal.Signals(number).name, self._name)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._engine.call("kill", "--signal", "SIGKILL", self._name)

    def wait(self, timeout: float | None = None) -> Exit | None:
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        with self._lock:
            if self._exit is None:
                self._env_file.unlink(missing_ok=True)
                self._exit = self._outcome(code)
            return self._exit

    def _outcome(self, code: int) -> Exit:
        inspected, words = self._engine.call(
            "inspect", "--format", "{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.StartedAt}}", self._name
        )
        oom = words.startswith("true")
        if code in NOT_STARTED and (inspected or "0001-01-01" in words):
            return Exit(
                code if code != 125 else 128,
                "StartError",
                f'exec: "{(self._spec.argv or ("",))[0]}": {NOT_STARTED[code]}',
            )
        if oom:
            return Exit(137, "OOMKilled")
        return Exit(code if code >= 0 else 128 - code, "Completed" if code == 0 else "Error")

    def export(self, path: str) -> Path | None:
        for mount in self._spec.mounts:
            if path == mount.target or path.startswith(mount.target.rstrip("/") + "/"):
                found = resolve(path, self._spec.root, self._spec.mounts)
                return found if found is not None and os.path.lexists(found) else None
        target = Path(mkdtemp(dir=self._exports)) / (os.path.basename(path.rstrip("/")) or "root")
        code, _ = self._engine.call("cp", f"{self._name}:{path}", str(target), timeout=600)
        return target if code == 0 and os.path.lexists(target) else None

    def close(self) -> None:
        self._engine.call("rm", "--force", "--volumes", self._name)
        shutil.rmtree(self._exports, ignore_errors=True)


class PodmanRuntime:
    """Containers by an engine's command line."""

    name = "container"
    needs_profile = False
    enforces_limits = True

    def __init__(self, program: str, flags: Sequence[str] = ()) -> None:
        self._program = program
        self._flags = tuple(flags)

    def call(self, *words: str, timeout: float = 60) -> tuple[int, str]:
        """Run one of the engine's verbs: (exit code, its words)."""
        try:
            done = subprocess.run(
                [self._program, *_global(self._flags), *words],
                capture_output=True,
                timeout=timeout,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return 255, str(error)
        return done.returncode, (done.stdout or done.stderr).decode(errors="replace").strip()

    def arguments(self, spec: ContainerSpec, name: str, env_file: Path) -> list[str]:
        """The command line that runs `spec` in the foreground."""
        words = [
            self._program,
            *_global(self._flags),
            "run",
            "--name",
            name,
            "--hostname",
            spec.hostname[:63],
            *_local(self._flags),
        ]
        words += [
            "--network",
            "host" if spec.network else "none",
            "--security-opt",
            "no-new-privileges",
            "--env-file",
            str(env_file),
        ]
        if spec.stdin != subprocess.DEVNULL:
            words += ["--interactive"]
        if spec.uid or spec.gid:
            words += ["--user", f"{spec.uid}:{spec.gid}"]
        if spec.cwd and spec.cwd != "/":
            words += ["--workdir", spec.cwd]
        if spec.limits.memory:
            words += ["--memory", str(spec.limits.memory)]
        if spec.limits.cpu:
            words += ["--cpus", str(spec.limits.cpu)]
        for mount in spec.mounts:
            words += [
                "--volume",
                f"{mount.source.resolve()}:{mount.target}:{'ro' if mount.read_only else 'rw'}",
            ]
        argv = list(spec.argv)
        if argv:
            words += ["--entrypoint", argv.pop(0)]
        return [*words, spec.image, *argv]

    def start(self, spec: ContainerSpec) -> PodmanHandle:
        """Start a container. Raises StartFailed; an image that cannot be pulled is one."""
        name = f"argorun-{os.getpid()}-{os.urandom(6).hex()}"
        env_file = spec.root.parent / f"{name}.env"
        env_file.touch(mode=0o600)
        bad = [key for key, value in spec.env.items() if "\n" in value]
        if bad:
            raise StartFailed(
                f"the container engine cannot take a line break in the variable {bad[0]}; use --runtime process"
            )
        env_file.write_text(
            "".join(f"{key}={value}\n" for key, value in spec.env.items()),
            encoding="utf-8",
            errors="surrogateescape",
        )
        try:
            process = subprocess.Popen(
                self.arguments(spec, name, env_file),
                stdin=spec.stdin,
                stdout=spec.stdout,
                stderr=spec.stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise StartFailed(f"cannot start {os.path.basename(self._program)}: {error.strerror}") from error
        return PodmanHandle(self, name, process, spec, env_file)


if __name__ == "__main__":
    print(probe_engine()[1], file=sys.stderr)
