"""The directory of one local run: what is written while it goes, so that it can go on after a crash.

    .argolint/runs/NAME/run.json        what was asked for: targets, options, when
                        workflow.json   the Workflow object, replaced atomically as the run goes
                        objects.json    what resource templates and memoization made
                        events.jsonl    the events that a cluster would have recorded
                        pods/NS_POD/    logs; final.json with the pod's status and its task result
                        requests/       what other commands ask of a run that is under way
                        lock            held (flock) while a process runs it; its pid

Secrets stand in none of these files: tokens of `executor.local.masking` stand for them.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.local.nearest import RUN_DIRECTORY, folder_with_runs

Object = dict[str, Any]
FINAL = "final.json"
MAX_KEPT = 20
TERMINAL = frozenset({"Succeeded", "Failed", "Error"})


def runs_directory(start: Path | None = None) -> Path:
    """`.argolint/runs` here or in the nearest directory above that has one."""
    here = (start or Path.cwd()).resolve()
    return Path(folder_with_runs(str(here)) or here / RUN_DIRECTORY) / "runs"


def is_run_name(name: str) -> bool:
    """Whether a word can be the name of a run's directory."""
    return bool(name) and "/" not in name and name not in (".", "..") and "\0" not in name


def write_atomically(path: Path, text: str) -> None:
    """Replace a file's content so that a reader, or a crash, never sees half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    with open(beside, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(beside, path)


def read_json(path: Path) -> Any:
    """A JSON file's content; None when it is not there. Raises UserError when it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read {path}: {error}", "the run's directory is damaged; delete it") from None


class RunDirectory:
    """One run's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.pods = path / "pods"
        self._lock: int | None = None

    @classmethod
    def find(cls, name: str, start: Path | None = None) -> RunDirectory:
        """The run of that name (`@latest`: the newest). Raises UserError."""
        base = runs_directory(start)
        known = [run.name for run in runs(base)]
        if name == "@latest" and known:
            return cls(base / known[0])
        if not is_run_name(name) or not (base / name).is_dir():
            hint = f"there are: {', '.join(known[:8])}" if known else "start one with `argorun run FILE`"
            raise UserError(f"there is no local run {name!r} in {base}", hint)
        return cls(base / name)

    @classmethod
    def make(cls, base: Path, name: str) -> RunDirectory:
        """A fresh `runs/<name>` below `base`; an older run of the same name is replaced, unless it is under way. Raises UserError."""
        from executor.runtimes.sandbox import remove_tree

        run = cls(base / "runs" / name)
        if run.is_running():
            raise UserError(f"{name} is running", "give another --name, or stop it first")
        try:
            if run.path.exists():
                remove_tree(run.path)
            run.path.mkdir(parents=True)
            ignore = base / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"cannot make the run directory {run.path}: {error.strerror}",
                "run in a directory that you may write to",
            ) from None
        return run

    # --- who runs it ----------------------------------------------------------------------------------

    def lock(self) -> None:
        """Take the run for this process. Raises UserError when another has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise UserError(
                f"{self.name} is running (process {self.owner() or '?'})", "wait for it, or stop it first"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._lock = descriptor
        for half in (*self.path.glob(".*.part"), *self.path.glob("pods/*/.*.part")):
            half.unlink(missing_ok=True)  # of a process that was killed while it wrote

    def unlock(self) -> None:
        """Give it back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def owner(self) -> str:
        """The process that the lock file names, or ""."""
        try:
            return (self.path / "lock").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def is_running(self) -> bool:
        """Whether a process has it."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    # --- what it says ---------------------------------------------------------------------------------

    def info(self) -> Object:
        """run.json, or {}."""
        found = read_json(self.path / "run.json")
        return found if isinstance(found, dict) else {}

    def add_info(self, fields: Mapping[str, Any]) -> None:
        """Set fields of run.json. Raises OSError."""
        write_atomically(self.path / "run.json", json.dumps({**self.info(), **fields}, indent=2))

    def objects(self) -> list[Object]:
        """What the run has made in its object store, with tokens for secrets."""
        found = read_json(self.path / "objects.json")
        return [item for item in found or [] if isinstance(item, dict)]

    def workflows(self) -> list[Object]:
        """The Workflow objects, the first one first, with tokens for secrets. Raises UserError when there is none."""
        names = ["workflow.json", *sorted(p.name for p in self.path.glob("workflow-*.json"))]
        found = [read_json(self.path / name) for name in names]
        objects = [item for item in found if isinstance(item, dict)]
        if not objects:
            raise UserError(
                f"{self.path} has no workflow.json", "it is not the directory of a run; delete it"
            )
        return objects

    def write_workflow(self, workflow: Mapping[str, Any], *, first: bool) -> None:
        """Replace one Workflow object's file."""
        name = "workflow.json" if first else f"workflow-{workflow['metadata']['name']}.json"
        write_atomically(self.path / name, json.dumps(workflow, indent=2))

    def pod_directory(self, namespace: str, name: str) -> Path:
        """Where a pod's logs are."""
        return self.pods / f"{namespace}_{name}"

    def finals(self) -> Iterator[Object]:
        """What ended pods came to: {pod, task_result}."""
        for path in sorted(self.pods.glob(f"*/{FINAL}")):
            found = read_json(path)
            if isinstance(found, dict) and isinstance(found.get("pod"), dict):
                yield found

    # --- requests of other processes ------------------------------------------------------------------

    def ask(self, request: Mapping[str, Any]) -> None:
        """Leave a request for the process that runs it."""
        folder = self.path / "requests"
        folder.mkdir(exist_ok=True)
        write_atomically(folder / f"{time.time_ns():020d}.json", json.dumps(request))

    def asked(self) -> list[Object]:
        """Take the requests that were left, oldest first."""
        folder = self.path / "requests"
        found: list[Object] = []
        if not folder.is_dir():
            return found
        for path in sorted(folder.glob("[0-9]*.json")):
            try:
                found.append(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError):
                pass
            path.unlink(missing_ok=True)
        return [item for item in found if isinstance(item, dict)]


class StateWriter:
    """Writes states as they come, in a thread of its own: the newest one, and no faster than writing is cheap."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None]) -> None:
        self._write = write
        self._latest: dict[str, Mapping[str, Any]] = {}
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="state-writer", daemon=True)
        self._thread.start()

    def put(self, workflow: Mapping[str, Any]) -> None:
        """A new state of a workflow."""
        with self._condition:
            self._latest[str(workflow["metadata"]["name"])] = workflow
            self._condition.notify()

    def close(self) -> None:
        """Write what is left, and stop."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._latest and not self._closed:
                    self._condition.wait()
                states, self._latest = self._latest, {}
                if not states and self._closed:
                    return
            began = time.monotonic()
            for state in states.values():
                try:
                    self._write(state)
                except OSError:
                    continue  # a full disk must not end the run; the last write is tried again at its end
            pause = 5 * (time.monotonic() - began)
            with self._condition:
                self._condition.wait_for(lambda: self._closed, min(1.0, pause))


def runs(base: Path) -> list[RunDirectory]:
    """Every run, the newest first."""
    if not base.is_dir():
        return []
    found = [
        (p.stat().st_mtime, p.name, p) for p in base.iterdir() if p.is_dir() and (p / "run.json").exists()
    ]
    times = [((p / "run.json").stat().st_mtime, name, p) for _, name, p in found]
    return [RunDirectory(path) for _, _, path in sorted(times, reverse=True)]


def size_of(path: Path) -> int:
    """Bytes below a directory, links not followed."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total
