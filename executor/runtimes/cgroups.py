"""Limits of memory, CPU and processes by control groups, where this user may make some (v2, or v1's hierarchies)."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import cache
from pathlib import Path

from executor.runtimes.base import Limits

ROOT = Path("/sys/fs/cgroup")
PIDS = 4096  # processes of one container: a step that forks without end must not take the machine with it
USER_PIDS = 8192  # threads that all steps may add to those of this user, where there are no control groups
PERIOD = 100_000  # microseconds


@cache
def hierarchies() -> tuple[str, dict[str, Path]]:
    """("v2" or "v1" or "", controller -> the directory below which groups may be made)."""
    if (ROOT / "cgroup.controllers").is_file():
        own = _own_v2()
        if own is not None and _may_make(own):
            with contextlib.suppress(OSError):
                (own / "cgroup.subtree_control").write_text("+memory +cpu +pids")
            enabled = _read(own / "cgroup.subtree_control").split()
            return "v2", {name: own for name in ("memory", "cpu", "pids") if name in enabled}
        return "", {}
    found = {
        name: ROOT / name
        for name in ("memory", "cpu", "pids")
        if (ROOT / name).is_dir() and _may_make(ROOT / name)
    }
    return ("v1" if found else ""), found


def _own_v2() -> Path | None:
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        if line.startswith("0::"):
            return ROOT / line[3:].lstrip("/")
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _may_make(folder: Path) -> bool:
    trial = folder / f"argorun-trial-{os.getpid()}"
    try:
        trial.mkdir()
        trial.rmdir()
    except OSError:
        return False
    return True


def enforced(limits: Limits) -> bool:
    """Whether control groups can hold a container to all of its limits."""
    _, where = hierarchies()
    return (limits.memory is None or "memory" in where) and (limits.cpu is None or "cpu" in where)


@cache
def sweep() -> None:
    """Remove the empty groups of processes that were killed; once a process."""
    for where in set(hierarchies()[1].values()):
        for folder in where.glob("argorun-[0-9]*-*"):
            owner = folder.name.split("-")[1]
            if owner.isdigit() and not Path(f"/proc/{owner}").exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


class Group:
    """The control groups of one container."""

    def __init__(self, name: str, limits: Limits) -> None:
        """Make them; the number of processes is always limited. A limit that cannot be set is left out."""
        self.version, where = hierarchies()
        sweep()
        wanted = ("pids",) if limits == Limits() else ("memory", "cpu", "pids")
        self.folders = {controller: where[controller] / name for controller in wanted if controller in where}
        for folder in dict.fromkeys(self.folders.values()):
            folder.mkdir(exist_ok=True)
        v2 = self.version == "v2"
        if limits.memory is not None and "memory" in self.folders:
            self._set("memory", "memory.max" if v2 else "memory.limit_in_bytes", str(limits.memory))
            self._set(
                "memory",
                "memory.swap.max" if v2 else "memory.memsw.limit_in_bytes",
                "0" if v2 else str(limits.memory),
            )
        if limits.cpu is not None and "cpu" in self.folders:
            quota = max(1000, int(limits.cpu * PERIOD))
            if v2:
                self._set("cpu", "cpu.max", f"{quota} {PERIOD}")
            else:
                self._set("cpu", "cpu.cfs_period_us", str(PERIOD))
                self._set("cpu", "cpu.cfs_quota_us", str(quota))
        if "pids" in self.folders:
            self._set("pids", "pids.max", str(PIDS))

    def _set(self, controller: str, name: str, value: str) -> None:
        with contextlib.suppress(OSError):
            (self.folders[controller] / name).write_text(value)

    @property
    def entry_files(self) -> list[str]:
        """The files that a process writes 0 into to join."""
        return [str(folder / "cgroup.procs") for folder in dict.fromkeys(self.folders.values())]

    def out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for its memory limit."""
        folder = self.folders.get("memory")
        if folder is None:
            return False
        text = _read(folder / ("memory.events" if self.version == "v2" else "memory.oom_control"))
        counts = dict(line.split() for line in text.splitlines() if len(line.split()) == 2)
        return int(counts.get("oom_kill", "0")) > 0

    def remove(self) -> None:
        """Kill what is left in them, and remove them."""
        for folder in dict.fromkeys(self.folders.values()):
            for _ in range(20):
                for word in _read(folder / "cgroup.procs").split():
                    with contextlib.suppress(OSError):
                        os.kill(int(word), signal.SIGKILL)
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)


@cache
def own_threads() -> int:
    """How many threads this user's processes have; counted once."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid():
                found += len(os.listdir(folder / "task"))
    return found


def bounded(limits: Limits, command: list[str]) -> list[str]:
    """A command with what there is without control groups: resource limits, which its processes inherit.

    Each process gets no more private memory than the limit: one that wants more is refused it, not killed; several may have the
    limit each. The processor's share is not kept. All together may start so many processes that this user's others go on.
    """
    script = 'ulimit -u "$1" 2>/dev/null || ulimit -p "$1" 2>/dev/null; '
    if limits.memory is not None:
        script += 'ulimit -d "$2" 2>/dev/null; '
    memory = str(max(limits.memory or 0, 16 << 20) // 1024)
    words = ["/bin/sh", "-c", script + 'shift 2; exec "$@"', "argorun"]
    return [*words, str(own_threads() + USER_PIDS), memory, *command]


def joining(group: Group, command: list[str]) -> list[str]:
    """A command that joins the groups and becomes `command`."""
    script = "".join(f'echo 0 > "{file}" 2>/dev/null; ' for file in group.entry_files) + 'exec "$@"'
    return ["/bin/sh", "-c", script, "argorun", *command]
