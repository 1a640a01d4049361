"""What a person sees of a run: node transitions or a live tree on stderr, and the steps' logs with a prefix."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

from executor.local import runlogs, tree
from executor.local.folding import PLAIN, folding
from executor.local.masking import Masker
from executor.runtimes.podrunner import PodHandle

Object = Mapping[str, Any]
TOLD = frozenset({"WorkflowFailed", "WorkflowNodeFailed", "WorkflowNodeError"})  # the tree says it already
REDRAW = 0.1  # seconds between two drawings of the live tree
SHOWN_TYPES = frozenset({"Pod", "Container", "Suspend", "HTTP", "Plugin", "Skipped", "Retry"})


class LogStyle(NamedTuple):
    """How the steps' logs are printed: as they come, each line with its node's name; or with `group` a block a container when
    it has ended, which GitHub Actions and GitLab fold. `timestamps`: when a line came."""

    group: bool = False
    timestamps: bool = False


AS_THEY_COME = LogStyle()


class Console:
    """Listens to the driver and writes. `err` gets progress, `log` the steps' output."""

    def __init__(
        self,
        *,
        err: IO[str],
        log: IO[str] | None,
        live: bool,
        quiet: bool,
        mask: Masker,
        style: LogStyle = AS_THEY_COME,
    ) -> None:
        self._style = style
        self._folds = folding(os.environ) if style.group else PLAIN
        self._colour = log is not None and runlogs.wants_colour(log)
        self._err = err
        self._log = log
        self._live = live and not quiet
        self._quiet = quiet
        self.mask = mask
        self.pods: list[Any] = []
        self._lock = threading.Lock()
        self._phases: dict[tuple[str, str], tuple[str, str]] = {}
        self._drawn = 0
        self._last = 0.0
        self._threads: list[threading.Thread] = []
        self._current: dict[str, Object] = {}
        self.warnings: list[str] = []
        self._names: dict[str, str] = {}

    # --- the driver's listener ------------------------------------------------------------------------

    def state(self, workflow: Object) -> None:
        """Show what changed."""
        name = str(workflow["metadata"]["name"])
        nodes: Mapping[str, Object] = (workflow.get("status") or {}).get("nodes") or {}
        self._current[name] = workflow
        for identity, node in nodes.items():
            self._names[identity] = str(node.get("displayName") or node.get("name"))
        if self._quiet:
            return
        if self._live:
            if time.monotonic() - self._last >= REDRAW:
                self._draw()
            return
        for identity, node in nodes.items():
            now = (str(node.get("phase") or ""), str(node.get("message") or ""))
            if self._phases.get((name, identity)) == now:
                continue
            self._phases[name, identity] = now
            if node.get("type") in SHOWN_TYPES and now[0] != "Pending":
                message = f"  {self.mask(tree.one_line(now[1]))}" if now[1] else ""
                self._write(self._err, f"{tree.icon(now[0], False)} {node.get('name')}  {now[0]}{message}\n")

    def seed(self, workflow: Object) -> None:
        """A workflow as it was before this run: what its nodes are called, and what need not be told again."""
        name = str(workflow["metadata"]["name"])
        for identity, node in ((workflow.get("status") or {}).get("nodes") or {}).items():
            self._names[identity] = str(node.get("displayName") or node.get("name"))
            self._phases[name, identity] = (str(node.get("phase") or ""), str(node.get("message") or ""))

    def pod(self, handle: PodHandle, node_id: str) -> None:
        """Follow a new pod's logs, when they are wanted."""
        if self._log is None:
            return
        containers = [name for name in handle.states if name not in ("init", "wait")]
        for container in containers:
            name = self._names.get(node_id, handle.name)
            prefix = name if container == "main" or len(containers) == 1 else f"{name}/{container}"
            follow = self._collect if self._style.group else self._follow
            thread = threading.Thread(target=follow, args=(handle, container, prefix), daemon=True)
            self._threads.append(thread)
            thread.start()

    def event(self, kind: str, reason: str, message: str) -> None:
        """Keep warnings for the end; they are in the run directory too."""
        if kind == "Warning" and reason not in TOLD:
            self.warnings.append(f"{reason}: {message}")

    # --- writing --------------------------------------------------------------------------------------

    def _write(self, stream: IO[str], text: str) -> None:
        with self._lock:
            if self._live:
                self._erase()
            stream.write(text)
            stream.flush()

    def _follow(self, handle: PodHandle, container: str, prefix: str) -> None:
        assert self._log is not None
        rest = b""
        for piece in handle.logs(container, follow=True):
            *whole, rest = (rest + piece).split(b"\n")
            if len(rest) > 1 << 16:
                whole.append(rest)
                rest = b""
            if whole:
                text = "".join(self._line(prefix, line) for line in whole)
                self._write(self._log, text)
        if rest:
            self._write(self._log, self._line(prefix, rest))

    def _collect(self, handle: PodHandle, container: str, prefix: str) -> None:
        """Print a container's log as a block, once it has ended."""
        assert self._log is not None
        for _ in handle.logs(container, follow=True):
            pass
        log = runlogs.Log(handle.states[container].log, {"displayName": prefix}, handle.name, "main")
        if not log.path.is_file():
            return
        lines = runlogs.lines_of(log)
        style = runlogs.Style(group=True, timestamps=self._style.timestamps)
        text = [f"{self._folds.safe(self.mask(runlogs.shown(line, style)))}\n" for line in lines]
        begin, end = self._folds.begin(prefix), self._folds.end(prefix)
        self._write(self._log, "".join([begin, *text, end]))

    def _line(self, prefix: str, line: bytes) -> str:
        moment = f"{runlogs.stamp(time.time_ns())} " if self._style.timestamps else ""
        label = runlogs.coloured(tree.one_line(prefix), self._colour)
        return f"{label}: {moment}{self.mask(tree.printable(line.decode('utf-8', 'replace')))}\n"

    def _erase(self) -> None:
        if self._drawn:
            self._err.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        width, height = shutil.get_terminal_size()
        with self._lock:
            text = [
                line
                for workflow in self._current.values()
                for line in tree.lines(workflow, colour=True, pending=True)
            ]
            shown = [self.mask(line)[: width + 8] for line in text[-(height - 2) :]]
            self._erase()
            self._err.write("\n".join(shown) + "\n")
            self._err.flush()
            self._drawn = len(shown)
            self._last = time.monotonic()

    def clear(self) -> None:
        """Take the live tree away for now: somebody else is going to write."""
        with self._lock:
            if self._live:
                self._erase()
                self._err.flush()

    def finish(self) -> None:
        """Let the logs run out, and take the live tree away (the final one goes to stdout)."""
        for thread in self._threads:
            thread.join(5)
        if self._live:
            with self._lock:
                self._erase()
                self._err.flush()


def wants_live(stream: IO[str]) -> bool:
    """Whether a stream is a terminal that can be redrawn."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb" and sys.platform != "win32"
