"""A Lease in the cluster, so that two argosync processes never write to one target at the same time."""

from __future__ import annotations

import os
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from argolint.kube import ApiError, KubeClient, resource_for
from reconciler.cluster import ClusterError, explain
from reconciler.model import Obj

DURATION = 15.0
RENEW_EVERY = 5.0


class Lease:
    """The lease of one target; `check` before every write, `release` at the end."""

    def __init__(self, client: KubeClient, namespace: str, target: str) -> None:
        self._client = client
        self._namespace = namespace
        self._name = f"argosync-{target}"
        self._me = identity()
        self._deadline = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self) -> None:
        """Take the lease and keep renewing it. Raises ClusterError when another process holds it."""
        if self._thread is not None:
            self.check()
            return
        self._take()
        self._stop.clear()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{self._name}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise ClusterError unless the lease is surely ours: by a clock that never jumps, and still runs while we sleep."""
        if _clock() >= self._deadline:
            self._end()
            raise ClusterError(
                "LeaseLost",
                f"the lease {self._namespace}/{self._name} could not be renewed in time",
                "nothing more is written; it is taken again when it is free",
                transient=True,
            )

    def release(self) -> None:
        """Let another process have it at once."""
        if self._thread is None:
            return
        self._end()
        try:
            live = self._client.try_get(resource_for("Lease"), self._name, self._namespace)
            if live is not None and (live.get("spec") or {}).get("holderIdentity") == self._me:
                spec = {**live["spec"], "holderIdentity": "", "renewTime": _stamp(datetime.now(UTC))}
                self._client.replace(resource_for("Lease"), {**live, "spec": spec}, self._namespace)
        except ApiError:
            pass  # It runs out by itself.

    def _end(self) -> None:
        self._stop.set()
        thread, self._thread = self._thread, None
        self._deadline = 0.0
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2.0)

    def _take(self) -> None:
        started = _clock()
        resource = resource_for("Lease")
        try:
            live = self._client.try_get(resource, self._name, self._namespace)
            now = datetime.now(UTC)
            if live is None:
                self._client.create(resource, self._object(now, {}), self._namespace)
            else:
                holder = str((live.get("spec") or {}).get("holderIdentity") or "")
                if holder and holder != self._me and not _expired(live, now) and not _dead(holder):
                    raise ClusterError(
                        "LeaseHeld",
                        f"another argosync holds the lease {self._namespace}/{self._name} ({holder})",
                        "stop that one; a lease that is not renewed ends by itself",
                        transient=True,
                    )
                self._client.replace(resource, self._object(now, live), self._namespace)
        except ApiError as error:
            if error.status == 409:
                raise ClusterError(
                    "LeaseHeld",
                    f"another argosync has just taken the lease {self._namespace}/{self._name}",
                    "stop that one",
                    transient=True,
                ) from error
            if error.not_found:
                raise ClusterError(
                    "NamespaceMissing",
                    f"the namespace {self._namespace} does not exist",
                    f"create it: kubectl create namespace {self._namespace}",
                ) from error
            raise explain(error, self._client) from error
        self._deadline = started + DURATION

    def _keep(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            try:
                self._take()
            except (ClusterError, ApiError):
                if _clock() >= self._deadline:
                    return

    def _object(self, now: datetime, live: Obj) -> Obj:
        spec: dict[str, Any] = dict(live.get("spec") or {})
        if spec.get("holderIdentity") != self._me:
            spec["acquireTime"] = _stamp(now)
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + (1 if live else 0)
        spec |= {"holderIdentity": self._me, "leaseDurationSeconds": int(DURATION), "renewTime": _stamp(now)}
        meta = {"name": self._name, "namespace": self._namespace}
        if live:
            meta["resourceVersion"] = live["metadata"]["resourceVersion"]
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


def identity() -> str:
    """Who we are: host, process namespace, process and its start, so that a dead holder can be recognised on its host."""
    pid = os.getpid()
    return f"{_here()}/{pid}/{_started(pid)}"


def _here() -> str:
    try:
        space = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        space = 0
    return f"{socket.gethostname()}/{space}"


def _started(pid: int) -> str:
    """The start time of a process in clock ticks since boot; "" when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _dead(holder: str) -> bool:
    """Whether the holder was a process of this very host and process namespace that has ended."""
    here, slash, rest = holder.rpartition("/")
    place, _, pid = here.rpartition("/")
    if not slash or place != _here() or not pid.isdigit() or not os.path.isdir("/proc/self"):
        return False
    return _started(int(pid)) != rest


def _expired(lease: Obj, now: datetime) -> bool:
    spec = lease.get("spec") or {}
    try:
        renewed = datetime.fromisoformat(str(spec["renewTime"]).replace("Z", "+00:00"))
        return now > renewed + timedelta(seconds=int(spec.get("leaseDurationSeconds") or DURATION))
    except (KeyError, ValueError):
        return True


def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _clock() -> float:
    """Seconds since boot, time asleep included, so that a suspended machine does not believe in an old lease."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
