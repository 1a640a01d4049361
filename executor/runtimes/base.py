"""The seam between the pod runner and the ways to start one container on this machine.

A runtime starts one container and hands back a handle. It knows nothing of pods, volumes by name,
Argo or Kubernetes: the pod runner has resolved all of that into paths, arguments and an environment.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Profile:
    """What an image stands for on this machine: a declared mapping, never a guess.

    `entrypoint` and `cmd` are used when the manifest names no command; `path` are directories put first in
    PATH (host paths, bound read-only); `files` maps absolute paths in the container to host files (read-only);
    `env` is the image's own environment. `toolchain` is what fidelity lines and events call it. `rootfs` is an unpacked
    image: its files, and none of the host's, are the container's.
    """

    toolchain: str
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    binds: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    rootfs: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """Bind the host path `source` (a file or a directory, which exists) at the absolute path `target`."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of a container; None is no limit. `memory` in bytes, `cpu` in cores."""

    memory: int | None = None
    cpu: float | None = None


@dataclass(frozen=True, slots=True)
class ContainerSpec:
    """One container, ready to start.

    `root` is an empty host directory that belongs to this container alone: what the container writes outside
    its mounts ends up there. `stdout` and `stderr` are open file descriptors that the runtime passes on and
    does not close.
    """

    name: str
    image: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    root: Path
    stdout: int
    stderr: int
    profile: Profile | None = None
    cwd: str = "/"
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    uid: int = 0
    gid: int = 0
    hostname: str = "pod"
    network: bool = True
    outputs: tuple[str, ...] = ()  # the paths that will be exported when it has ended
    shared_root: bool = False  # another container is using the same root now
    log: Path | None = (
        None  # the file that `stderr` ends up in, so that a runtime can take its own words back out of it
    )
    drain: Callable[[], None] | None = None  # waits until everything that was written has arrived in `log`
    stdin: int = subprocess.DEVNULL  # a descriptor, where the container asks for an input


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended: `code` 0..255 (128+n for a signal), `reason` as a kubelet says it.

    Reasons: Completed, Error, OOMKilled, StartError (the program never started; `message` says why).
    """

    code: int
    reason: str
    message: str = ""


class StartFailed(Exception):
    """The runtime could not start a container. The text is what the user reads."""


@runtime_checkable
class ContainerHandle(Protocol):
    """A container that was started. All methods may be called from any thread."""

    pid: int

    def signal(self, number: int) -> None:
        """Send a signal to the main process and its process group; no effect when it has ended."""

    def kill(self) -> None:
        """SIGKILL everything that the container started."""

    def wait(self, timeout: float | None = None) -> Exit | None:
        """How it ended, or None when it still runs after `timeout` seconds (None waits for ever)."""

    def export(self, path: str) -> Path | None:
        """The host path of what lies at the absolute `path` outside mounts; None when nothing does.

        Symbolic links are resolved inside the container's root and never lead outside it. Call it after the
        container has ended.
        """

    def close(self) -> None:
        """Free what the runtime keeps for a container that has ended."""


class ContainerRuntime(Protocol):
    """A way to start containers. `name` is what `--runtime` and the fidelity line call it."""

    name: str
    needs_profile: bool

    def start(self, spec: ContainerSpec) -> ContainerHandle:
        """Start a container.

        The calling thread must live until the container has ended: where the kernel is asked to kill the
        container together with its parent, it means the parent's thread. Raises StartFailed.
        """
