"""Forgetting runs: their directories, and the artifacts that nothing else refers to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from argolint.errors import UserError
from executor.local.inspect import artifacts, nodes_of, pod_name
from executor.local.rundir import RunDirectory


def stored(run: RunDirectory) -> frozenset[Path]:
    """The files of every artifact that a run made or got; none when it cannot be read any more."""
    try:
        return frozenset(a.path for a in artifacts(run) if a.path is not None)
    except UserError:
        return frozenset()


def own(run: RunDirectory) -> frozenset[Path]:
    """Of those, the ones at the key that a store gives by itself, `WORKFLOW/POD/...`: a key that the manifest names stays."""
    try:
        workflows = run.workflows()
    except UserError:
        return frozenset()
    folders = {
        (str(workflow["metadata"]["name"]), pod_name(workflow, node))
        for workflow in workflows
        for node in nodes_of(workflow).values()
        if node.get("type") == "Pod"
    }
    return frozenset(path for path in stored(run) if path.parts[-3:-1] in folders)


def forget(run: RunDirectory, kept: Iterable[RunDirectory]) -> None:
    """Delete a run, and what only it has stored; `kept` are the runs that stay."""
    from executor.runtimes.sandbox import remove_tree

    needed: frozenset[Path] = frozenset()
    mine = own(run)
    if mine:
        needed = needed.union(*(stored(other) for other in kept if other.name != run.name))
    for path in mine - needed:
        if path.is_dir():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)
        _prune(path.parent)
    remove_tree(run.path)


def _prune(folder: Path) -> None:
    """Remove the directories of a pod and of a workflow when nothing is left in them."""
    for empty in (folder, folder.parent):
        try:
            empty.rmdir()
        except OSError:
            return
