"""Readiness probes: they decide when a daemon's step is fulfilled."""

from __future__ import annotations

import os
import socket
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from executor.runtimes.base import StartFailed

if TYPE_CHECKING:
    from executor.runtimes.containers import ContainerRun

Object = dict[str, Any]


def _port(value: Any, container: Object) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        named = [p for p in container.get("ports") or [] if p.get("name") == value]
        return int(named[0].get("containerPort") or 0) if named else 0


def _http(action: Object, container: Object, timeout: float) -> bool:
    scheme = str(action.get("scheme") or "HTTP").lower()
    path = str(action.get("path") or "/")
    url = f"{scheme}://{action.get('host') or '127.0.0.1'}:{_port(action.get('port'), container)}/{path.lstrip('/')}"
    headers = {str(h.get("name")): str(h.get("value") or "") for h in action.get("httpHeaders") or []}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=timeout
        ) as response:
            return 200 <= int(response.status) < 400
    except (urllib.error.URLError, OSError, ValueError):
        return False


def _tcp(action: Object, container: Object, timeout: float) -> bool:
    try:
        with socket.create_connection(
            (action.get("host") or "127.0.0.1", _port(action.get("port"), container)), timeout
        ):
            return True
    except OSError:
        return False


def _exec(action: Object, run: ContainerRun, timeout: float) -> bool:
    """Run the command in a second container on the same root, mounts and network."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        spec = run.specify(null, null)
        command = tuple(str(word) for word in action.get("command") or [])
        handle = run.pod.runner.runtime.start(replace(spec, argv=command, shared_root=True))
    except StartFailed:
        return False
    finally:
        os.close(null)
    ended = handle.wait(timeout)
    if ended is None:
        handle.kill()
        handle.wait(5)
    return ended is not None and ended.code == 0


def check(probe: Object, run: ContainerRun) -> bool:
    """One attempt of a probe."""
    timeout = float(probe.get("timeoutSeconds") or 1)
    if probe.get("httpGet"):
        return _http(probe["httpGet"], run.container, timeout)
    if probe.get("tcpSocket"):
        return _tcp(probe["tcpSocket"], run.container, timeout)
    if probe.get("exec"):
        return _exec(probe["exec"], run, timeout)
    return True


def watch(run: ContainerRun) -> None:
    """Follow a container's readinessProbe until it ends, and report every change of `ready`."""
    probe: Object = run.container["readinessProbe"]
    period = max(0.2, float(probe.get("periodSeconds") or 10))
    good_needed, bad_needed = int(probe.get("successThreshold") or 1), int(probe.get("failureThreshold") or 3)
    good = bad = 0
    pause = float(probe.get("initialDelaySeconds") or 0)
    handle = run.handle
    while True:
        until = time.monotonic() + pause
        with run.pod.changed:
            while run.outcome is None and time.monotonic() < until:
                run.pod.changed.wait(until - time.monotonic() + 0.001)
            if run.outcome is not None or run.handle is not handle:
                return
        passed = check(probe, run)
        good, bad = (good + 1, 0) if passed else (0, bad + 1)
        with run.pod.changed:
            if run.outcome is not None or not run.state.running:
                return
            ready = run.state.ready
            if good >= good_needed:
                ready = True
            elif bad >= bad_needed:
                ready = False
            if ready != run.state.ready:
                run.state.ready = ready
                run.pod.report()
        # Before the first success we look more often than asked: a step that waits for a daemon need not wait longer.
        pause = period if run.state.ready else min(period, 1.0)
