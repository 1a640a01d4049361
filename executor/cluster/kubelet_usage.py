"""How much processor and memory containers and the machine use, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
WINDOW: Final = 0.25
"""Seconds between the two looks that a rate is made of."""

# (pod uid, container) → process id of the container's main process.
Pids = Mapping[tuple[str, str], int]


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree(pid: int) -> list[int]:
    """A process and everything that descends from it."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            tasks = os.listdir(f"/proc/{one}/task")
        except OSError:
            continue
        for task in tasks:
            try:
                text = Path(f"/proc/{one}/task/{task}/children").read_text()
            except OSError:
                continue
            waiting += [int(child) for child in text.split()]
    return found


def of_tree(pid: int) -> tuple[float, int]:
    """(seconds of processor so far, ended children included, bytes of memory now) of a process and its descendants."""
    seconds, memory = 0.0, 0
    for one in tree(pid):
        fields = _fields(one)
        if len(fields) > 21:
            seconds += sum(int(value) for value in fields[11:15]) / _TICK
            memory += int(fields[21]) * _PAGE
    return seconds, memory


def of_machine() -> tuple[float, int]:
    """(seconds of processor so far, bytes of memory in use) of the whole machine."""
    user, nice, system, _idle, _wait, irq, softirq, *_ = (
        int(value) for value in Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    )
    numbers = memory()
    used = numbers["MemTotal"] - numbers.get("MemAvailable", numbers["MemFree"])
    return (user + nice + system + irq + softirq) / _TICK, used


def memory() -> dict[str, int]:
    """/proc/meminfo in bytes."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}


def measured(node: str, pids: Pids, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """What `metrics.k8s.io` is made of: nanocores and bytes of each container by pod uid, and of the machine."""
    begin = time.monotonic()
    before = {key: of_tree(pid)[0] for key, pid in pids.items()}
    machine = of_machine()[0]
    sleep(WINDOW)
    span = max(time.monotonic() - begin, 1e-3)
    pods: dict[str, dict[str, list[int]]] = {}
    for (uid, container), pid in pids.items():
        seconds, size = of_tree(pid)
        rate = max(0.0, seconds - before[(uid, container)]) / span
        pods.setdefault(uid, {})[container] = [int(rate * 1e9), size]
    now, used = of_machine()
    return {"name": node, "window": span, "pods": pods, "node": [int((now - machine) / span * 1e9), used]}
