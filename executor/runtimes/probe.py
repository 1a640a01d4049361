"""Which runtime works on this machine: found out by a trial run, not by a version."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

from argolint.errors import UserError
from executor.runtimes.base import ContainerRuntime


class Choice(NamedTuple):
    """A runtime, and one line that says which it is and why."""

    runtime: ContainerRuntime
    why: str


CANNOT_RUN = 4  # `argorun run`: this machine cannot run it
_PERMISSIONS = (
    "kernel/random/boot_id",
    "user/max_user_namespaces",
    "kernel/unprivileged_userns_clone",
    "kernel/apparmor_restrict_unprivileged_userns",
)


def _cache_file() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "argolint" / "runtime.json"


def _identity(bwrap: str) -> str:
    """What a remembered trial depends on: the kernel of this boot and what it permits, the binary, the user and his rights."""
    facts = [_first_line(Path("/proc/sys") / name) for name in _PERMISSIONS]
    try:
        facts.append(os.readlink("/proc/self/ns/user"))
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        facts += [line for line in status if line.startswith(("CapEff", "CapBnd", "NoNewPrivs", "Seccomp:"))]
    except OSError:
        pass
    stat = os.stat(bwrap)
    return f"{' '.join(facts)} {os.uname().release} {os.getuid()} {bwrap} {stat.st_mtime_ns}"


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").partition("\n")[0]
    except OSError:
        return ""


def probe_sandbox() -> tuple[str | None, bool, str]:
    """(the bwrap binary, overlays work, why not); the answer of a trial is remembered until the next boot."""
    from executor.runtimes.sandbox import find_bwrap, probe

    if sys.platform != "linux":
        return None, False, f"there is no sandbox on {sys.platform}"
    bwrap = find_bwrap()
    if bwrap is None:
        return None, False, "bubblewrap is not installed (pip install 'argolint[run]')"
    identity = _identity(bwrap)
    cache = _cache_file()
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
        if known["identity"] == identity:
            return bwrap, bool(known["overlay"]), ""
    except (OSError, ValueError, KeyError, TypeError):
        pass
    works, overlay, why = probe(bwrap)
    if not works:
        return None, False, f"bubblewrap cannot make a sandbox here: {why or 'no user namespaces'}"
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps({"identity": identity, "overlay": overlay}), encoding="utf-8")
    except OSError:
        pass
    return bwrap, overlay, ""


def remedy() -> str:
    """What would let steps run in isolation on this machine."""
    ways = []
    for name, wanted in (
        ("kernel/apparmor_restrict_unprivileged_userns", "0"),
        ("kernel/unprivileged_userns_clone", "1"),
    ):
        value = _first_line(Path("/proc/sys") / name)
        if value and value != wanted:
            ways.append(f"allow user namespaces (sudo sysctl -w {name.replace('/', '.')}={wanted})")
    if _first_line(Path("/proc/sys/user/max_user_namespaces")) == "0":
        ways.append("allow user namespaces (sudo sysctl -w user.max_user_namespaces=10000)")
    ways.append("install podman or docker")
    return f"{'; or '.join(ways)}; or let steps run as you, on your files: --runtime process"


def _isolated() -> Choice:
    """The sandbox; without one, a container engine. Raises UserError when neither works."""
    from executor.runtimes.podman import probe_engine

    if probe_sandbox()[0] is not None:
        return _process()
    engine, why = probe_engine()
    if engine is None:
        raise UserError(
            f"nothing here keeps steps apart from your files: {probe_sandbox()[2]}; {why}",
            remedy(),
            exit_code=CANNOT_RUN,
        )
    return Choice(engine, f"container ({why}; {probe_sandbox()[2]})")


def _process() -> Choice:
    bwrap, overlay, why = probe_sandbox()
    if bwrap is not None:
        from executor.runtimes.sandbox import SandboxRuntime

        note = "" if overlay else ", /usr read-only"
        return Choice(
            SandboxRuntime(bwrap, overlay=overlay),
            f"process (bubblewrap sandbox on the host's programs{note})",
        )
    from executor.runtimes.process import ProcessRuntime

    return Choice(ProcessRuntime(), f"process (no isolation: {why})")


def choose(name: str) -> Choice:
    """The runtime called `name`: auto, process, container or mock. Raises UserError (exit code 4) when it cannot work.

    Steps run without isolation only for whoever asks for `process` where there is no sandbox.
    """
    if name == "mock":
        from executor.runtimes.mock import MockRuntime

        return Choice(MockRuntime(), "mock (nothing is started; every container succeeds)")
    if name == "container":
        from executor.runtimes.podman import probe_engine

        engine, why = probe_engine()
        if engine is None:
            raise UserError(
                f"no container engine works on this machine: {why}",
                "install podman, or use --runtime process",
                exit_code=CANNOT_RUN,
            )
        return Choice(engine, f"container ({why})")
    if name == "auto":
        return _isolated()
    if name == "process":
        return _process()
    raise UserError(f"unknown runtime {name!r}", "use auto, process, container or mock")
