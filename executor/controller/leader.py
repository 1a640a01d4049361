"""Leader election by a Lease, so that of several controllers one acts (as upstream's do, by coordination.k8s.io/v1).

The leader renews the Lease; who sees it unchanged for its whole duration takes it over. Clocks of machines are never
compared: each looks at its own, from the moment at which it saw a change. A holder on this very machine whose process has
ended is not waited for.

A leader that could not renew in time must not act on what it had in mind when it lost the lease: `fenced` gives a
client that refuses to write from then on, and that moment comes well before anybody else may take over.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient, resource_for

Obj = dict[str, Any]
LEASE = resource_for("Lease")
DURATION = 10.0
BASE_NAME = "workflow-controller"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?")


def lease_name(instance_id: str = "", namespace: str = "") -> str:
    """The Lease of a controller: upstream's name, and one of its own for each namespace that is looked after alone."""
    parts = [BASE_NAME, *(part for part in (instance_id, namespace) if part)]
    return "-".join(
        part if _NAME.fullmatch(part) else hashlib.sha256(part.encode()).hexdigest()[:16] for part in parts
    )


def boot_seconds() -> float:
    """A clock that also goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def own_identity() -> str:
    """A name for this process that no other process ever has: host, and where and since when the process lives."""
    return f"{socket.gethostname()}_{_place()}_{os.getpid()}_{_started(os.getpid()) or os.urandom(4).hex()}"


def has_ended(identity: str) -> bool:
    """Whether a process of this machine (and process namespace) that called itself so is certain to have ended."""
    parts = identity.rsplit("_", 3)
    if len(parts) != 4 or not parts[1] or parts[1] != _place() or not parts[2].isdigit():
        return False
    pid = int(parts[2])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False  # another user's: /proc may not tell the truth about it
    return _started(pid) != parts[3]


def _place() -> str:
    """This machine since it was booted, and the namespace in which process ids count here; "" when that is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return hashlib.sha256(f"{boot} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:16]
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began, in ticks since the boot; "" when there is none, or it has ended and was not waited for."""
    try:
        words = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    return "" if words[0] in "ZX" else words[19]


class Elector:
    """Call `acquire`; once it has returned True the lease is renewed on a thread of its own until `release`.

    `lost` is set when leadership is lost; nothing brings it back to this Elector. Times are seconds: the lease lasts
    `duration`, is renewed every seventh of it, and without a renewal this leader gives up after two thirds.
    """

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        name: str,
        *,
        identity: str = "",
        duration: float = DURATION,
        clock: Callable[[], float] = boot_seconds,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.client = client
        self.namespace = namespace
        self.name = name
        self.identity = identity or own_identity()
        self.duration = duration
        self.lost = threading.Event()
        self._clock = clock
        self._log = log
        self._renewed = float("-inf")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._observed: tuple[Any, float] = (None, 0.0)

    def holds(self) -> bool:
        """Whether this process is the leader beyond doubt."""
        return not self.lost.is_set() and self._clock() < self._renewed + self.duration * 2 / 3

    def fenced(self, client: KubeClient) -> KubeClient:
        """A client that reads always, and writes only as long as this process is the leader."""
        return FencedClient(client, self.holds)

    def acquire(self, stop: threading.Event) -> bool:
        """Wait until this process is the leader; False when `stop` was set first. Raises UserError when leases are refused."""
        waiting = False
        while not stop.is_set():
            try:
                if self.attempt():
                    self._thread = threading.Thread(target=self._keep, name="leader", daemon=True)
                    self._thread.start()
                    self._log(f"leader of {self.namespace}/{self.name} as {self.identity}")
                    return True
                if not waiting:
                    waiting = True
                    self._log(f"standing by: {self._observed[0][0]} leads {self.namespace}/{self.name}")
            except ApiError as error:
                if error.status in (401, 403, 404, 422):
                    raise UserError(
                        f"leader election: the lease {self.namespace}/{self.name} cannot be written: {error.message}",
                        "let the controller get, create and update leases there, name another --controller-namespace, "
                        "or give --no-leader-elect if it is the only controller",
                        exit_code=1,
                    ) from error
                self._log(f"leader election: {error}")
            stop.wait(self.duration / 7)
        return False

    def attempt(self) -> bool:
        """Take or renew the lease if that is allowed now; whether this process leads. Raises ApiError."""
        began = self._clock()
        found = self.client.try_get(LEASE, self.name, self.namespace)
        try:
            if found is None:
                self.client.create(LEASE, self._lease(None), self.namespace)
            elif self._may_take(found):
                self.client.replace(LEASE, self._lease(found), self.namespace)
            else:
                return False
        except ApiError as error:
            if error.conflict or error.already_exists:
                return False
            raise
        self._renewed = began
        return True

    def release(self) -> None:
        """Give the lease back, so that the next may begin at once. Call it when nothing is written any more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(self.duration)
        held = self.holds()
        self.lost.set()
        if not held:
            return
        try:
            found = self.client.try_get(LEASE, self.name, self.namespace)
            if found is not None and (found.get("spec") or {}).get("holderIdentity") == self.identity:
                spec = {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}
                self.client.replace(LEASE, {**found, "spec": spec}, self.namespace)
        except ApiError as error:
            self._log(f"leader election: the lease could not be given back: {error}")

    def _may_take(self, lease: Obj) -> bool:
        spec = lease.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if holder in ("", self.identity):
            return True
        record = (holder, spec.get("renewTime"), lease["metadata"].get("resourceVersion"))
        now = self._clock()
        if record != self._observed[0]:
            self._observed = (record, now)
        if has_ended(holder):
            return True
        promised = spec.get("leaseDurationSeconds")
        duration = float(promised) if isinstance(promised, int) and promised > 0 else self.duration
        return now >= self._observed[1] + duration

    def _lease(self, found: Obj | None) -> Obj:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = dict((found or {}).get("spec") or {})
        if spec.get("holderIdentity") != self.identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (found is not None)
        spec |= {
            "holderIdentity": self.identity,
            "renewTime": now,
            "leaseDurationSeconds": max(1, round(self.duration)),
        }
        if found is not None:
            return {**found, "spec": spec}
        meta = {"name": self.name, "namespace": self.namespace}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}

    def _keep(self) -> None:
        """Renew until told to stop, or until it is too late."""
        while not self._stop.wait(self.duration / 7):
            if not self.holds():
                break
            try:
                if not self.attempt() and not self._still_mine():
                    break
            except ApiError as error:
                self._log(f"leader election: not renewed: {error}")
        else:
            return
        self.lost.set()
        self._log(f"leadership of {self.namespace}/{self.name} is lost")

    def _still_mine(self) -> bool:
        """After a conflict: whether the lease still names this process."""
        found = self.client.try_get(LEASE, self.name, self.namespace)
        return found is not None and (found.get("spec") or {}).get("holderIdentity") == self.identity


class FencedClient(KubeClient):
    """Requests that change something are refused, as ApiError, unless `holds()`."""

    def __init__(self, client: KubeClient, holds: Callable[[], bool]) -> None:
        super().__init__(client._configuration, client.default_namespace)
        self._holds = holds

    def _send(self, method: str, *rest: Any, **keywords: Any) -> Any:
        if method not in ("GET", "HEAD") and not self._holds():
            raise ApiError(0, "LeadershipLost", "this controller is not the leader any more")
        return super()._send(method, *rest, **keywords)
