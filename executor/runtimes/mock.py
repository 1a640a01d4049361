"""The mock runtime: nothing is started; every container writes its command line to its log and succeeds."""

from __future__ import annotations

import os
import shlex
import threading
from pathlib import Path

from executor.runtimes.base import ContainerSpec, Exit
from executor.runtimes.rootfs import resolve


class MockHandle:
    """A container that has ended as soon as it was started (or as soon as it is signalled, for daemons)."""

    pid = 0

    def __init__(self, spec: ContainerSpec, outcome: Exit, hold: bool) -> None:
        self._spec = spec
        self._outcome = outcome
        self._ended = threading.Event()
        if not hold:
            self._ended.set()

    def signal(self, number: int) -> None:
        if not self._ended.is_set():
            self._outcome = Exit(128 + number, "Error")
            self._ended.set()

    def kill(self) -> None:
        self.signal(9)

    def wait(self, timeout: float | None = None) -> Exit | None:
        return self._outcome if self._ended.wait(timeout) else None

    def export(self, path: str) -> Path | None:
        """Whatever an input left there; a file made up from the path otherwise, so that outputs are never missing."""
        found = resolve(path, self._spec.root, self._spec.mounts)
        if found is None:
            return None
        if not os.path.lexists(found):
            found.parent.mkdir(parents=True, exist_ok=True)
            found.write_text(f"mock of {path}\n", encoding="utf-8")
        return found

    def close(self) -> None:
        return None


class MockRuntime:
    """Containers that do nothing. `outcomes` maps a container name to how it ends; `hold` names those that stay up."""

    name = "mock"
    needs_profile = False

    def __init__(self, outcomes: dict[str, Exit] | None = None, hold: frozenset[str] = frozenset()) -> None:
        self._outcomes = outcomes or {}
        self._hold = hold

    def start(self, spec: ContainerSpec) -> MockHandle:
        os.write(
            spec.stdout, f"mock: {spec.image}: {shlex.join(spec.argv)}\n".encode("utf-8", "surrogateescape")
        )
        outcome = self._outcomes.get(spec.name, Exit(0, "Completed"))
        return MockHandle(spec, outcome, spec.name in self._hold)
