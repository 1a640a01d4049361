"""Start the processes of an embedded cluster, restart one that dies, and stop them together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from argolint.errors import UserError
from executor.commands import clusterdir

FIRST_BACKOFF = 0.5
LAST_BACKOFF = 30.0
STEADY_SECONDS = 30.0
STOP_SECONDS = 8.0
POLL_SECONDS = 0.05
PR_SET_PDEATHSIG = 1
# What the commands exit with when starting them again cannot help: a usage error, a machine that cannot run pods.
CANNOT_START = (2, 4)


@dataclass(slots=True)
class Component:
    """One process to keep running. `ready` components write `<data>/ready/<name>` when they work; those with
    `after_ready` are started once all of them do.
    """

    name: str
    argv: Sequence[str]
    ready: bool = True
    after_ready: bool = False
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_again: float = 0.0
    backoff: float = FIRST_BACKOFF
    restarts: int = 0
    last_exit: str = ""


class Supervisor:
    """Runs `components` (in this order; stopped in the reverse one) on the data directory `data`.

    `run` returns 0 after SIGTERM or SIGINT, and raises UserError when a component cannot start at all. `on_ready` is called once, when every component that says so is ready; `log` gets
    one line for each thing a person may want to know.
    """

    def __init__(
        self,
        data: Path,
        components: Sequence[Component],
        *,
        kubeconfig: Path,
        on_ready: Callable[[], None],
        log: Callable[[str], None],
    ) -> None:
        self.data = data
        self.components = list(components)
        self.kubeconfig = kubeconfig
        self._on_ready = on_ready
        self._log = log
        self._stopping = False
        self._announced = False

    def run(self) -> int:
        """Supervise until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        try:
            for component in self.components:
                (self.data / "ready" / component.name).unlink(missing_ok=True)
            for component in self.components:
                if not component.after_ready:
                    self._start(component)
            self._save()
            while not self._stopping:
                self._look()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_all()
        return 0

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _look(self) -> None:
        now = time.monotonic()
        for component in self.components:
            process = component.process
            if process is None:
                if now >= component.start_again and (self._announced or not component.after_ready):
                    component.restarts += bool(component.last_exit)
                    self._start(component)
                    self._save()
                continue
            code = process.poll()
            if code is None:
                if now - component.started > STEADY_SECONDS:
                    component.backoff = FIRST_BACKOFF
                continue
            component.process = None
            component.last_exit = f"signal {-code}" if code < 0 else f"exit code {code}"
            if not self._announced and code in CANNOT_START:
                raise UserError(f"{component.name} cannot start: {self._last_words(component)}", exit_code=1)
            component.start_again = now + component.backoff
            self._log(
                f"{component.name} ended ({component.last_exit}); starting it again in {component.backoff:.1f} s"
                f" (see {self.data / 'logs' / (component.name + '.log')})"
            )
            component.backoff = min(component.backoff * 2, LAST_BACKOFF)
            self._save()
        if not self._announced and all(self._is_ready(c) for c in self.components if c.ready):
            self._announced = True
            self._save()
            self._on_ready()

    def _last_words(self, component: Component) -> str:
        """The error that a component printed before it ended."""
        path = self.data / "logs" / f"{component.name}.log"
        lines = path.read_text(errors="replace").rpartition("--- ")[2].splitlines()[1:]
        start = next((i for i, line in enumerate(lines) if "error: " in line), None)
        if start is None:
            return f"{component.last_exit} (see {path})"
        return "\n".join([lines[start].partition("error: ")[2], *lines[start + 1 : start + 2]])

    def _is_ready(self, component: Component) -> bool:
        process = component.process
        if process is None:
            return False
        try:
            return (self.data / "ready" / component.name).read_text().strip() == str(process.pid)
        except OSError:
            return False

    def _start(self, component: Component) -> None:
        with open(self.data / "logs" / f"{component.name}.log", "ab") as log:
            log.write(f"--- {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} start\n".encode())
            log.flush()
            component.process = subprocess.Popen(
                list(component.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **component.env},
                start_new_session=True,
                preexec_fn=_die_with(os.getpid()),
            )
        component.started = time.monotonic()

    def _stop_all(self) -> None:
        """SIGTERM in reverse order of start, so that each can still write to the API; SIGKILL what does not end."""
        (self.data / "ready" / "cluster").unlink(missing_ok=True)
        for component in reversed(self.components):
            process = component.process
            if process is None:
                continue
            _signal(process, signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._log(f"{component.name} did not end in {STOP_SECONDS:.0f} s; killing it")
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                process.wait()
            component.process = None
            (self.data / "ready" / component.name).unlink(missing_ok=True)
        (self.data / "supervisor.json").unlink(missing_ok=True)

    def _save(self) -> None:
        state: dict[str, Any] = {
            "pid": os.getpid(),
            "start": clusterdir.process_start(os.getpid()),
            "kubeconfig": str(self.kubeconfig),
            "ready": self._announced,
            "components": {},
        }
        for component in self.components:
            process = component.process
            state["components"][component.name] = {
                "pid": process.pid if process else None,
                "start": clusterdir.process_start(process.pid) if process else None,
                "restarts": component.restarts,
                "lastExit": component.last_exit,
            }
        clusterdir.write_state(self.data, state)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        pass


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does first: ask the kernel for SIGTERM when the supervisor dies (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arm() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arm
