"""What a finished run prints: the tree, what failed and why, and what was only approximated."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from executor.local import fidelity, tree
from executor.local.console import Console
from executor.local.folding import folding
from executor.local.rundir import TERMINAL

Object = dict[str, Any]
Place = Callable[[Mapping[str, Any]], str]
SUCCEEDED, FAILED, INVALID, ERROR, CANNOT_RUN, SUSPENDED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130


def exit_code(workflow: Mapping[str, Any]) -> int:
    """The exit code that a Workflow's final state means."""
    phase = str((workflow.get("status") or {}).get("phase") or "")
    if phase in TERMINAL:
        return {"Succeeded": SUCCEEDED, "Failed": FAILED}.get(phase, ERROR)
    return SUSPENDED if suspended(workflow) else ERROR


def suspended(workflow: Mapping[str, Any]) -> bool:
    """Whether a Workflow waits for a person."""
    if (workflow.get("spec") or {}).get("suspend"):
        return True
    nodes = ((workflow.get("status") or {}).get("nodes") or {}).values()
    return any(n.get("type") == "Suspend" and n.get("phase") in ("Running", "Pending") for n in nodes)


def as_yaml(workflow: Mapping[str, Any]) -> str:
    """An object as YAML, its fields in their order."""
    import yaml

    return str(yaml.safe_dump(workflow, sort_keys=False, allow_unicode=True, width=1000))


def show(output: str, final: Sequence[Object], console: Console, out: IO[str]) -> None:
    """The final objects: as trees, as JSON, or by name."""
    for workflow in final:
        if output == "json":
            out.write(json.dumps(console.mask.object(workflow), indent=2) + "\n")
        elif output == "yaml":
            out.write(f"---\n{as_yaml(console.mask.object(workflow))}")
        elif output == "name":
            out.write(f"workflow/{workflow['metadata']['name']}\n")
        else:
            status = workflow.get("status") or {}
            message = f"  {tree.one_line(str(status.get('message')))}" if status.get("message") else ""
            out.write(
                f"{workflow['metadata']['name']}  {status.get('phase') or 'Pending'}{console.mask(message)}\n"
            )
            for line in tree.lines(workflow, colour=out.isatty()):
                out.write(console.mask(line) + "\n")
    out.flush()


def epilogue(
    final: Sequence[Object],
    console: Console,
    directory: Path,
    code: int,
    held: bool,
    place: Place,
    err: IO[str],
) -> None:
    """Why it failed, and what to do next. `place` is where a node's template stands ("" when nobody knows)."""
    for workflow in final:
        name = workflow["metadata"]["name"]
        ended = str((workflow.get("status") or {}).get("phase") or "") in TERMINAL
        if code != INTERRUPTED and not ended and not held:
            why = (
                f"suspended: a person must resume it (argorun resume {directory.name})"
                if suspended(workflow)
                else "stopped: nothing is left that could let it go on"
            )
            err.write(f"{name} is {why}\n")
    for warning in console.warnings[:10] if code else []:
        err.write(f"warning: {console.mask(warning)}\n")
    if code in (FAILED, ERROR):
        _failed_logs(final, console, directory, place, err)
        err.write(f"to run what failed again: argorun retry {directory.name}\n")


def fidelity_line(final: Sequence[Object], console: Console, choice: Any, images: Any, mocked: int) -> str:
    """What was honoured only nearly."""
    used = fidelity.images_used(console.pods)
    needs = choice.runtime.needs_profile
    partial = [
        f"image {image} has no rule" for image in sorted(used) if needs and images.lookup(image) is None
    ]
    if not getattr(choice.runtime, "isolated", True):
        partial.append("no isolation: steps ran on this machine's own files")
    if mocked:
        partial.append(f"{mocked} pods answered without running")
    return fidelity.line(
        [fidelity.spec_of(w) for w in final],
        used,
        images,
        runtime=choice.runtime.name,
        needs_profile=needs,
        partial=partial,
        limits_kept=getattr(choice.runtime, "enforces_limits", False),
    )


def annotation(place: str, message: str) -> str:
    """A GitHub Actions command that shows a failure at its line."""
    from argolint.report.github import data_text, property_text

    path, _, line = place.rpartition(":")
    return f"::error file={property_text(path)},line={line},title=argorun::{data_text(message)}\n"


def _failed_logs(
    final: Sequence[Object], console: Console, directory: Path, place: Place, err: IO[str]
) -> None:
    """The last lines of the first failed pods."""
    by_node = {
        (p["metadata"].get("annotations") or {}).get("workflows.argoproj.io/node-id"): p for p in console.pods
    }
    shown = 0
    for workflow in final:
        for identity, node in ((workflow.get("status") or {}).get("nodes") or {}).items():
            pod = by_node.get(identity)
            if (
                node.get("type") != "Pod"
                or node.get("phase") not in ("Failed", "Error")
                or pod is None
                or shown == 3
            ):
                continue
            shown += 1
            path = (
                directory
                / "pods"
                / f"{pod['metadata']['namespace']}_{pod['metadata']['name']}"
                / "logs"
                / "main.log"
            )
            text = path.read_bytes()[-4096:].decode("utf-8", "replace") if path.is_file() else ""
            safe = folding(os.environ).safe
            message = console.mask(tree.one_line(str(node.get("message") or node.get("phase"))))
            where = place(node)
            err.write(f"--- {node.get('name')}: {message}\n")
            if where:
                err.write(f"    template {node.get('templateName') or ''} at {where}\n")
                if os.environ.get("GITHUB_ACTIONS") == "true":
                    err.write(annotation(where, f"{node.get('name')}: {message}"))
            err.writelines(
                f"    {safe(console.mask(tree.printable(line)))}\n" for line in text.splitlines()[-20:]
            )


def severity(code: int) -> int:
    """How bad an exit code is, beside others."""
    order = (SUCCEEDED, SUSPENDED, FAILED, ERROR)
    return order.index(code) if code in order else 9


def cannot_run(final: Sequence[Object]) -> bool:
    """Whether an image without a rule was in the way."""
    nodes = [n for w in final for n in ((w.get("status") or {}).get("nodes") or {}).values()]
    return any("ErrImagePull" in str(n.get("message") or "") for n in nodes)
