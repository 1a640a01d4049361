"""Every entrypoint of a tree, simulated with made-up outputs: does it end, or wait for something that has a name?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from executor import engine
from executor.engine import contract as c
from executor.engine.simulate import START, automatic_for, simulate
from executor.local import prepare
from executor.local.context import context_for
from executor.local.documents import (
    Manifest,
    Tree,
    manifest_files,
    name_of,
    objects_in,
    project_root,
    read_text,
)
from executor.local.objects import ObjectStore
from executor.local.testrun import UID
from executor.runtimes.images import ImageMap

Object = dict[str, Any]
MAX_PASSES = 2_000


class Result(NamedTuple):
    """What came of one entrypoint. `problem` is empty when it is as it should be."""

    place: str
    label: str
    verdict: str
    waiting: tuple[str, ...]
    problem: str


def context_of(tree: Tree, workflow: Mapping[str, Any]) -> c.Context:
    """What a simulated workflow may look up."""
    store = ObjectStore()
    context = context_for(tree, [dict(workflow)], store, ImageMap(()))
    maps = {(m["metadata"].get("namespace", ""), m["metadata"]["name"]): m for m in store.list("ConfigMap")}
    return replace(
        context, config_maps=maps, image_commands={"*": (("/bin/entrypoint",), ())}, plugins=frozenset("*")
    )


def every_entrypoint(paths: Sequence[Path]) -> Iterator[Result]:
    """Simulate what the manifests of files and directories start. Raises UserError for a path that is not there."""
    for path in paths:
        if not path.exists():
            raise UserError(f"there is no file {path}", "give manifests or directories")
        root = path if path.is_dir() else project_root(path)
        tree = Tree(root.resolve(), [path])
        for file in sorted(manifest_files(path)) if path.is_dir() else [path]:
            try:
                manifests = [Manifest(str(file), obj) for obj in objects_in(str(file), read_text(file))]
            except UserError:
                if not path.is_dir():
                    raise
                continue
            for manifest in manifests:
                yield from _of_object(manifest, tree)


def _of_object(manifest: Manifest, tree: Tree) -> Iterator[Result]:
    obj = manifest.object
    kind = str(obj.get("kind"))
    if kind not in ("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate"):
        return
    label = f"{kind}/{name_of(obj) or '?'}"
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        yield Result(manifest.path, label, "refused", ("no spec",), "")
        return
    entries: list[str | None] = [None]
    if kind.endswith("Template") and not spec.get("entrypoint"):
        entries = [
            t["name"]
            for t in spec.get("templates") or []
            if isinstance(t, dict) and isinstance(t.get("name"), str)
        ]
    for entry in entries:
        yield run_one(manifest, tree, label if entry is None else f"{label}#{entry}", entry)


def run_one(manifest: Manifest, tree: Tree, label: str, entry: str | None) -> Result:
    """Simulate one entrypoint with generated parameters."""
    try:
        made = prepare.workflow_of(manifest.object, manifest.path, START)
        workflow = engine.new_workflow(made, name="smoke", uid=UID, now=START)
        workflow["metadata"].pop("generateName", None)
        context = context_of(tree, workflow)
        spec = manifest.object.get("spec") or {}
        workflow = prepare.with_options(workflow, _values(workflow, spec, entry), entry)
        others = [*context.workflow_templates.values(), *context.cluster_workflow_templates.values()]
        outcome = simulate(workflow, automatic_for(workflow, *others), context=context, max_passes=MAX_PASSES)
    except UserError as error:
        return Result(manifest.path, label, "refused", (error.message,), "")
    except Exception as error:
        return Result(
            manifest.path, label, "internal error", (), f"internal error: {type(error).__name__}: {error}"
        )
    return _judged(manifest.path, label, outcome)


def _judged(place: str, label: str, outcome: Any) -> Result:
    message = str((outcome.state.get("status") or {}).get("message") or "")
    verdict = outcome.phase or "Pending"
    problem = ""
    if "internal error" in message:
        problem = message
    elif outcome.passes >= MAX_PASSES:
        verdict = "endless"
    elif verdict not in ("Succeeded", "Failed", "Error") and not outcome.waiting:
        problem = "it neither ends nor waits for anything that has a name"
    waiting = outcome.waiting or ((message,) if message and verdict in ("Failed", "Error") else ())
    return Result(place, label, verdict, tuple(waiting), problem)


def _values(workflow: Object, spec: Mapping[str, Any], entry: str | None) -> dict[str, str]:
    """Values for the parameters that have none: the first of an enum, else 1."""
    declared = [
        *_parameters(spec.get("arguments")),
        *_parameters((workflow.get("spec") or {}).get("arguments")),
    ]
    if entry is not None:
        templates = [t for t in spec.get("templates") or [] if isinstance(t, dict) and t.get("name") == entry]
        for template in templates:
            declared += _parameters(template.get("inputs"))
    found = {}
    for parameter in declared:
        if (
            parameter.get("value") is None
            and parameter.get("default") is None
            and "valueFrom" not in parameter
        ):
            choices = parameter.get("enum")
            found[str(parameter.get("name"))] = (
                str(choices[0]) if isinstance(choices, list) and choices else "1"
            )
    return found


def _parameters(holder: Any) -> list[Mapping[str, Any]]:
    items = holder.get("parameters") if isinstance(holder, dict) else None
    return [p for p in items if isinstance(p, dict) and p.get("name")] if isinstance(items, list) else []
