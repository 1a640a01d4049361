"""The data directory of an embedded cluster: what is where, and which supervisor runs on it.

supervisor.lock   locked while a supervisor runs (the kernel releases it when the process dies)
supervisor.json   pids of the supervisor and of its components
kubeconfig        how to reach the API (mode 0600)
logs/<name>.log   what each component printed
ready/<name>      written by a component once it works
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from argolint.errors import UserError

DEFAULT_DATA = Path(".argolint/cluster")


def data_dir(text: str | None) -> Path:
    """The data directory that `--data` names (default: .argolint/cluster), absolute."""
    return Path(text).expanduser().absolute() if text else DEFAULT_DATA.absolute()


def kubeconfig_path(data: Path, text: str | None = None) -> Path:
    """The kubeconfig that `--kubeconfig` names, else the one that the running supervisor writes, else the default."""
    if text:
        return Path(text).expanduser().absolute()
    written = read_state(data).get("kubeconfig")
    return Path(written) if isinstance(written, str) else data / "kubeconfig"


def process_start(pid: int) -> str | None:
    """When a process was started, as text that another process with the same pid never has; None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_by_ps(pid)
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    # Field 3 is the state, field 22 the start time in clock ticks; a zombie has ended for all that matters here.
    return None if fields[0] in ("Z", "X") else fields[19]


def _start_by_ps(pid: int) -> str | None:
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


def is_running(entry: Any) -> bool:
    """Whether the process that an entry `{"pid", "start"}` describes still runs: same pid, same start time."""
    if not isinstance(entry, dict) or not isinstance(entry.get("pid"), int):
        return False
    start = process_start(entry["pid"])
    return start is not None and start == entry.get("start")


def read_state(data: Path) -> dict[str, Any]:
    """The supervisor's state file; {} when there is none or it cannot be read."""
    try:
        state = json.loads((data / "supervisor.json").read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(data: Path, state: dict[str, Any]) -> None:
    """Replace the state file in one step."""
    write_atomic(data / "supervisor.json", json.dumps(state, indent=1, sort_keys=True))


def write_atomic(path: Path, text: str) -> None:
    """Write a file so that a reader, or a crash, sees the old text or the new one and nothing else."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def prepare(data: Path) -> None:
    """Make the data directory and what belongs in it. Raises UserError when that is not possible."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("logs", "ready"):
            (data / name).mkdir(exist_ok=True, mode=0o700)
        if data.parent.name == ".argolint" and not (data.parent / ".gitignore").exists():
            (data.parent / ".gitignore").write_text("*\n")
    except OSError as error:
        raise UserError(
            f"{data}: cannot be used as the data directory: {error.strerror or error}",
            "choose another with --data DIR",
        ) from error


def lock(data: Path) -> int:
    """Take the supervisor's lock; the descriptor that holds it. Raises UserError when another supervisor has it."""
    handle = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        state = read_state(data)
        pid = state.get("pid")
        who = f" (pid {pid})" if is_running(state) else ""
        raise UserError(
            f"{data}: a cluster already runs here{who}",
            "see `argorun status`, stop it with `argorun down`, or choose another --data DIR",
            exit_code=1,
        ) from error
    return handle


def is_locked(data: Path) -> bool:
    """Whether a supervisor runs on this data directory."""
    try:
        handle = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
