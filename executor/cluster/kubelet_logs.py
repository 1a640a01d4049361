"""Copy what containers print into the log files that the API server serves.

The pod runner collects a container's output in a plain file; one thread follows those of all pods.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

from executor.cluster.podlogs import LogWriter, log_path
from executor.runtimes.podrunner import PodHandle

POLL_SECONDS = 0.1
PIECE = 1 << 20


@dataclass(slots=True)
class _Followed:
    handle: PodHandle
    writers: dict[str, LogWriter]
    offsets: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class LogPump:
    """Follow the logs of the pods that run. `data` is the cluster's data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._pods: dict[str, _Followed] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="logs", daemon=True).start()

    def follow(self, handle: PodHandle) -> None:
        """Begin to copy. What an earlier attempt of the same pod printed is replaced."""
        writers = {}
        for name in handle.states:
            path = log_path(self.data, handle.namespace, handle.name, handle.uid, name.replace("/", "_"))
            path.unlink(missing_ok=True)
            writers[name] = LogWriter(path)
        with self._lock:
            self._pods[handle.uid] = _Followed(handle, writers)

    def flush(self, uid: str) -> None:
        """Copy what a pod has printed so far: a reader ends where a status says that a container has."""
        with self._lock:
            followed = self._pods.get(uid)
        if followed is None:
            return
        ended = [name for name, state in followed.handle.states.items() if state.terminated]
        self._copy(followed)
        with followed.lock:
            for name in ended:
                followed.writers[name].end_lines()

    def finish(self, uid: str) -> None:
        """Copy the rest of an ended pod's logs and stop following it."""
        with self._lock:
            followed = self._pods.pop(uid, None)
        if followed is not None:
            self._copy(followed)
            with followed.lock:
                for writer in followed.writers.values():
                    writer.close()

    def stop(self) -> None:
        """Stop the thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            with self._lock:
                pods = list(self._pods.values())
            for followed in pods:
                self._copy(followed)

    def _copy(self, followed: _Followed) -> None:
        with followed.lock:
            for name, state in followed.handle.states.items():
                offset = followed.offsets.get(name, 0)
                try:
                    if os.stat(state.log).st_size <= offset:
                        continue
                    with open(state.log, "rb") as stream:
                        stream.seek(offset)
                        while piece := stream.read(PIECE):
                            offset += len(piece)
                            followed.writers[name].write("stdout", piece)
                    followed.offsets[name] = offset
                except OSError:
                    continue  # not started yet, or deleted with its pod
