"""Going on with a run that was suspended, killed, held or has failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import chdir, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from argolint.errors import UserError
from executor import engine
from executor.local import realcluster, secrets, session, settings
from executor.local.documents import Manifest, Tree, objects_in, project_root, read_text
from executor.local.masking import Masker
from executor.local.rundir import FINAL, TERMINAL, RunDirectory
from executor.local.session import Input, Options
from executor.local.show import suspended

Object = dict[str, Any]


def input_of(run: RunDirectory) -> Input:
    """The tree around what was run, as it is now. A file that has gone since is not needed any more."""
    info = run.info()
    cwd = Path(str(info.get("cwd") or run.path))
    given: list[Manifest] = [
        Manifest(str(entry.get("path")), entry["object"])
        for entry in info.get("stdin") or []
        if isinstance(entry, dict) and isinstance(entry.get("object"), dict)
    ]
    files: list[tuple[str, str]] = []
    for word in info.get("targets") or []:
        with suppress(UserError):
            if word != "-" and Path(word).is_file():
                files.append((word, read_text(Path(word))))
    for path, text in files:
        with suppress(UserError):
            given += [Manifest(path, obj) for obj in objects_in(path, text)]
    paths = [Path(path) for path, _ in files]
    tree = Tree(project_root(paths[0] if paths else cwd), paths or [cwd / "here"])
    tree.add(given)
    return Input([], files, tree, tree.root, True)


def options_of(run: RunDirectory, given: secrets.Given, **more: Any) -> Options:
    """The options that the run was started with, and this command's own."""
    info = run.info()
    files = given.files or tuple(str(f) for f in info.get("secretFiles") or [])
    merged = secrets.Given(files, given.words, given.dummy or bool(info.get("dummySecrets")))
    kept: dict[str, Any] = {
        "targets": info.get("targets") or [], "runtime": info.get("runtime"), "jobs": int(info.get("jobs") or 0),
        "artifacts": str(info.get("artifacts") or "local"), "secrets": merged,
        "cluster": realcluster.target_from(info), "platforms": [str(w) for w in info.get("platforms") or []],
    }  # fmt: skip
    return Options(**{**kept, **{k: v for k, v in more.items() if v is not None}})


def was_cut_off(run: RunDirectory) -> bool:
    """Whether the process that ran it ended without saying how."""
    return "exitCode" not in run.info()


def reset_running(workflow: Object, kept: frozenset[str]) -> Object:
    """A workflow whose process has died, with its running pods and requests to be started again.

    `kept` are the nodes whose pods had reported before.
    """
    status = workflow.get("status") or {}
    nodes = dict(status.get("nodes") or {})
    for identity, node in nodes.items():
        again = node.get("type") in ("Pod", "HTTP", "Plugin") and node.get("phase") in ("Running", "Pending")
        if again and identity not in kept:
            nodes[identity] = {k: v for k, v in node.items() if k not in ("message", "hostNodeName", "podIP")}
            nodes[identity]["phase"] = "Pending"
    return {**workflow, "status": {**status, "nodes": nodes}} if nodes else workflow


def reported_nodes(run: RunDirectory) -> frozenset[str]:
    """The ids of the nodes whose pods had ended."""
    return frozenset(
        str(((f.get("task_result") or {}).get("metadata") or {}).get("name")) for f in run.finals()
    )


def resume(run: RunDirectory, options: Options, selector: str, out: IO[str], err: IO[str]) -> int:
    """Go on: a suspended run is resumed, one that was killed or held goes on where it was. Raises UserError."""

    def change(workflows: list[Object], run: RunDirectory, _mask: Masker) -> list[Object]:
        if all(_phase(w) in TERMINAL for w in workflows):
            raise UserError(f"{run.name} has ended ({_phase(workflows[0])})", "retry or resubmit it")
        first = workflows[0]
        waits = [w for w in workflows if _phase(w) not in TERMINAL and suspended(w)]
        if waits and not was_cut_off(run):
            now = datetime.now(UTC)
            workflows = [engine.resume(w, now=now, selector=selector) if w in waits else w for w in workflows]
        elif selector:
            raise UserError(
                f"{first['metadata']['name']} has no suspended node", "resume it without a selector"
            )
        kept = reported_nodes(run)
        return [reset_running(w, kept) if _phase(w) not in TERMINAL else w for w in workflows]

    return go_on(run, options, change, out, err)


def after(
    run: RunDirectory, options: Options, operation: Callable[[Object], Object], out: IO[str], err: IO[str]
) -> int:
    """Apply an operation (stop, terminate) to a run that no process has, and let it end. Raises UserError."""

    def change(workflows: list[Object], run: RunDirectory, _mask: Masker) -> list[Object]:
        kept = reported_nodes(run)
        open_ones = [w for w in workflows if _phase(w) not in TERMINAL]
        if not open_ones:
            operation(workflows[0])  # says why not
        return [reset_running(operation(w), kept) if w in open_ones else w for w in workflows]

    return go_on(run, options, change, out, err)


def edit(run: RunDirectory, operation: Callable[[Object], Object]) -> Object:
    """Change the first workflow of a run that no process has, without running it. Raises UserError.

    Tokens stand for secrets in what the operation gets; it must not read them.
    """
    run.lock()
    try:
        changed = operation(run.workflows()[0])
        run.write_workflow(changed, first=True)
        return changed
    finally:
        run.unlock()


def retry(
    run: RunDirectory,
    options: Options,
    *,
    parameters: Mapping[str, str],
    restart_successful: bool,
    selector: str,
    start_from: str,
    out: IO[str],
    err: IO[str],
) -> int:
    """Run what failed again (or a node and all after it); everything else keeps its outputs. Raises UserError."""

    def change(workflows: list[Object], run: RunDirectory, _mask: Masker) -> list[Object]:
        now = datetime.now(UTC)
        successful, chosen = restart_successful, selector
        if start_from:
            successful, chosen = True, node_selector(workflows[0], start_from)
        renewed = []
        for workflow in workflows:
            if _phase(workflow) == "Succeeded" and not successful:
                renewed.append(workflow)
                continue
            again = engine.retry(
                workflow, now=now, restart_successful=successful, selector=chosen, parameters=parameters
            )
            _forget(run, workflow, again.pods)
            renewed.append(again.workflow)
        if all(_phase(w) == "Succeeded" for w in renewed):
            engine.retry(workflows[0], now=now)  # says why not
        return renewed

    return go_on(run, options, change, out, err)


def node_selector(workflow: Mapping[str, Any], word: str) -> str:
    """A node field selector for the one node that a name, display name or id means. Raises UserError."""
    identity, _ = find_node(workflow, word)
    return f"id={identity}"


def find_node(workflow: Mapping[str, Any], word: str) -> tuple[str, Mapping[str, Any]]:
    """The node with this id, name or display name (the newest attempt of several). Raises UserError."""
    nodes: Mapping[str, Mapping[str, Any]] = (workflow.get("status") or {}).get("nodes") or {}
    if word in nodes:
        return word, nodes[word]
    for field in ("name", "displayName", "templateName"):
        found = [(i, n) for i, n in nodes.items() if n.get(field) == word]
        if len(found) == 1:
            return found[0]
        if len(found) > 1:
            names = ", ".join(sorted(str(n.get("name")) for _, n in found)[:6])
            raise UserError(f"{word!r} means {len(found)} nodes", f"give the full name of one: {names}")
    known = ", ".join(sorted({str(n.get("displayName")) for n in nodes.values()})[:12])
    raise UserError(
        f"there is no node {word!r}", f"there are: {known}" if known else "nothing was started yet"
    )


def _forget(run: RunDirectory, workflow: Mapping[str, Any], pods: tuple[str, ...]) -> None:
    """Remove what pods that run again came to; their old logs stay until they start."""
    space = str(workflow["metadata"].get("namespace") or "default")
    for pod in pods:
        (run.pod_directory(space, pod) / FINAL).unlink(missing_ok=True)


def go_on(
    run: RunDirectory,
    options: Options,
    change: Callable[[list[Object], RunDirectory, Masker], list[Object]],
    out: IO[str],
    err: IO[str],
) -> int:
    """Run an old run's workflows again, changed. Raises UserError; a refused change leaves the run as it was."""
    run.lock()
    try:
        inputs = input_of(run)
        workflows = run.workflows()
        cwd = Path(str(run.info().get("cwd") or os.getcwd()))
        with chdir(cwd if cwd.is_dir() else Path.cwd()):
            return session.carry_on(
                options, settings.load(inputs.root), inputs, workflows, run, out, err, change
            )
    finally:
        run.unlock()


def _phase(workflow: Mapping[str, Any]) -> str:
    return str((workflow.get("status") or {}).get("phase") or "")
