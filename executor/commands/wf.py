"""What the commands about Workflows share: finding, following and printing them."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient, WatchExpired, resource_for
from executor.controller.persist import hydrate
from executor.render import (
    SYMBOLS,
    can_unicode,
    duration_text,
    nodes_of,
    parse_time,
    render_tree,
    render_workflow,
    workflow_status_text,
)

Obj = dict[str, Any]

WORKFLOW = resource_for("Workflow")
POD = resource_for("Pod")
WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
FINISHED = ("Succeeded", "Failed", "Error")


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def find(client: KubeClient, namespace: str, name: str) -> Obj:
    """The Workflow called `name` (`@latest`: the newest of the namespace). Raises UserError when there is none."""
    if name == "@latest":
        items = client.list(WORKFLOW, namespace).items
        if not items:
            raise UserError(f"there is no workflow in namespace {namespace}", exit_code=1)
        newest = max(
            items, key=lambda wf: (wf["metadata"].get("creationTimestamp", ""), wf["metadata"]["name"])
        )
        return with_kind(hydrate(newest))
    found = client.try_get(WORKFLOW, name, namespace)
    if found is None:
        raise UserError(
            f'workflows.argoproj.io "{name}" not found in namespace {namespace}',
            "list them with `argorun list`, or name another namespace with -n",
            exit_code=1,
        )
    return with_kind(hydrate(found))


def with_kind(wf: Obj) -> Obj:
    """A Workflow with apiVersion and kind, which the items of a list may lack."""
    return {"apiVersion": WORKFLOW.api_version, "kind": WORKFLOW.kind, **wf}


def is_finished(wf: Mapping[str, Any]) -> bool:
    """Whether the Workflow has ended."""
    status = wf.get("status") or {}
    return status.get("phase") in FINISHED and bool(status.get("finishedAt"))


def exit_code(wf: Mapping[str, Any]) -> int:
    """0 for Succeeded (and for what has not ended), 1 for Failed and Error."""
    return 1 if (wf.get("status") or {}).get("phase") in ("Failed", "Error") else 0


def follow(client: KubeClient, namespace: str, name: str) -> Iterator[Obj]:
    """The Workflow now, after each change, and at last finished. Raises UserError when it is deleted meanwhile.

    A watch that ends or breaks is resumed; an API that is away is asked again for a minute.
    """
    wf = find(client, namespace, name)
    name = wf["metadata"]["name"]
    yield wf
    version = wf["metadata"].get("resourceVersion", "")
    broken_since: float | None = None
    while not is_finished(wf):
        try:
            for kind, obj in client.watch(
                WORKFLOW, namespace, resource_version=version, field_selector=f"metadata.name={name}"
            ):
                broken_since = None
                version = obj["metadata"].get("resourceVersion", version)
                if kind == "BOOKMARK":
                    continue
                if kind == "DELETED":
                    raise UserError(f"workflow {name} was deleted before it ended", exit_code=1)
                wf = with_kind(hydrate(obj))
                yield wf
                if is_finished(wf):
                    return
        except WatchExpired:
            pass
        except ApiError as error:
            broken_since = broken_since or time.monotonic()
            if not error.transient or time.monotonic() - broken_since > 60.0:
                raise
            time.sleep(0.5)
        try:
            wf = find(client, namespace, name)
        except ApiError as error:
            if not error.transient:
                raise
            continue
        version = wf["metadata"].get("resourceVersion", "")
        yield wf


# --- printing ---------------------------------------------------------------------------------------


def print_workflow(wf: Obj, output: str = "", *, color: bool = False) -> None:
    """One Workflow as `-o` says: name, json, yaml, wide, or the header and tree."""
    if output == "name":
        print(wf["metadata"]["name"])
    elif output == "json":
        print(json.dumps(wf, indent=4))
    elif output == "yaml":
        print(to_yaml(wf), end="")
    else:
        unicode = can_unicode(sys.stdout.encoding)
        print("\n".join(render_workflow(wf, now=now(), unicode=unicode, wide=output == "wide", color=color)))


def to_yaml(obj: Any) -> str:
    """An object as YAML."""
    import yaml

    return yaml.safe_dump(obj, sort_keys=True, allow_unicode=True, width=1000)


class Screen:
    """Shows a Workflow as it changes: in place on a terminal, and the nodes that changed elsewhere."""

    def __init__(self, *, terminal: bool, color: bool) -> None:
        self._terminal = terminal
        self._color = color
        self._lines = 0
        self._seen: dict[str, tuple[Any, Any]] = {}
        self._phase: str | None = None
        self._lock = threading.Lock()

    def show(self, wf: Obj) -> None:
        """Show its present state."""
        with self._lock:
            if self._terminal:
                self._redraw(wf)
            else:
                self._append(wf)

    def _redraw(self, wf: Obj) -> None:
        import shutil

        unicode = can_unicode(sys.stdout.encoding)
        lines = render_workflow(wf, now=now(), unicode=unicode, color=self._color)
        size = shutil.get_terminal_size()
        # What has scrolled off cannot be drawn over: show the end of a tall tree.
        shown = [clip(line, size.columns - 1) for line in lines][-(size.lines - 1) :]
        back = f"\x1b[{self._lines}A\r" if self._lines else ""
        sys.stdout.write(back + "".join(f"\x1b[2K{line}\n" for line in shown) + "\x1b[J")
        sys.stdout.flush()
        self._lines = len(shown)

    def _append(self, wf: Obj) -> None:
        phase = workflow_status_text(wf)
        if phase != self._phase:
            self._phase = phase
            message = (wf.get("status") or {}).get("message")
            print(
                f"{wf['metadata']['name']}: {phase}" + (f": {_one_line(message)}" if message else ""),
                flush=True,
            )
        unicode = can_unicode(sys.stdout.encoding)
        for node_id, node in sorted(
            nodes_of(wf).items(), key=lambda item: (str(item[1].get("startedAt") or ""), item[0])
        ):
            state = (node.get("phase"), node.get("message"))
            if node.get("type") == "StepGroup" or self._seen.get(node_id) == state:
                continue
            self._seen[node_id] = state
            print(node_line(node, unicode=unicode), flush=True)


def clip(line: str, width: int) -> str:
    """A line cut to `width` columns, its color sequences not counted: a line that wraps cannot be drawn over."""
    out: list[str] = []
    left = width
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b"):
            out.append(piece)
        else:
            out.append(piece[: max(left, 0)])
            left -= len(piece)
    return "".join(out)


def node_line(node: Mapping[str, Any], *, unicode: bool) -> str:
    """One node on one line: symbol, name, phase, duration and message."""
    from executor.render import ASCII_SYMBOLS

    phase = str(node.get("phase") or "Pending")
    symbol = (SYMBOLS if unicode else ASCII_SYMBOLS).get(phase, "?")
    words = [f" {symbol} {_one_line(node.get('displayName') or node.get('name'))}", phase]
    started, ended = parse_time(node.get("startedAt")), parse_time(node.get("finishedAt"))
    if started and ended:
        words.append(duration_text((ended - started).total_seconds()))
    if node.get("message"):
        words.append(_one_line(node["message"]))
    return "  ".join(words)


def _one_line(value: Any) -> str:
    from executor.render import ESCAPES

    return ESCAPES.sub(" ", str(value))


def watch(client: KubeClient, namespace: str, name: str, *, terminal: bool, color: bool) -> Obj:
    """Show a Workflow until it has ended; its last state."""
    screen = Screen(terminal=terminal, color=color)
    latest: list[Obj] = []
    done = threading.Event()

    def tick() -> None:
        # Durations grow between two events.
        while not done.wait(1.0):
            if latest:
                screen.show(latest[-1])

    if terminal:
        threading.Thread(target=tick, daemon=True).start()
    try:
        for wf in follow(client, namespace, name):
            latest[:] = [wf]
            screen.show(wf)
    finally:
        done.set()
    return latest[-1]


def final_tree(wf: Obj) -> Sequence[str]:
    """The tree of a Workflow for a place that is not a terminal."""
    return render_tree(wf, now=now(), unicode=can_unicode(sys.stdout.encoding))
