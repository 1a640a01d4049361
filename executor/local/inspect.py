"""Looking at a run: its artifacts, and why a node is as it is. Everything is read from the run's directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from executor.artifacts import locations
from executor.local import tree
from executor.local.rundir import RunDirectory

Object = Mapping[str, Any]


def nodes_of(workflow: Object) -> Mapping[str, Object]:
    """The nodes by id."""
    found: Mapping[str, Object] = (workflow.get("status") or {}).get("nodes") or {}
    return found


def pod_name(workflow: Object, node: Object) -> str:
    """The name of a node's pod."""
    from executor.engine import names

    version = ((workflow.get("metadata") or {}).get("annotations") or {}).get(
        names.POD_NAME_ANNOTATION
    ) or "v2"
    template = (node.get("templateRef") or {}).get("template") or node.get("templateName") or ""
    return names.pod_name(
        str(workflow["metadata"]["name"]), str(node["name"]), template, str(node["id"]), version
    )


def pod_directory(run: RunDirectory, workflow: Object, node: Object) -> Path:
    """Where a node's pod has its logs and, if it failed, its files."""
    return run.pod_directory(
        str(workflow["metadata"].get("namespace") or "default"), pod_name(workflow, node)
    )


class Stored(NamedTuple):
    """One artifact of a run; `path` is None when it is not stored on this machine."""

    node: str
    name: str
    direction: str
    key: str
    path: Path | None
    archive: Any


def artifacts(run: RunDirectory, wanted: str = "") -> list[Stored]:
    """The artifacts that nodes made and got."""
    root = run.path.parent.parent / "artifacts"
    found = []
    for workflow in run.workflows():
        for node in nodes_of(workflow).values():
            name = str(node.get("displayName") or node.get("name"))
            if wanted and wanted not in (name, node.get("name"), node.get("id"), node.get("templateName")):
                continue
            for direction, field in (("in", "inputs"), ("out", "outputs")):
                for artifact in (node.get(field) or {}).get("artifacts") or []:
                    kind = locations.location_kind(artifact)
                    if kind is None:
                        continue
                    key = (
                        locations.key_of(artifact, kind)
                        if kind in {k for k, _, _ in locations.STORES}
                        else ""
                    )
                    path = _stored_at(root, artifact, kind, key) if key else None
                    found.append(
                        Stored(
                            name,
                            str(artifact.get("name")),
                            direction,
                            f"{kind}: {key}",
                            path,
                            artifact.get("archive"),
                        )
                    )
    return found


def _stored_at(root: Path, artifact: Object, kind: str, key: str) -> Path | None:
    own = locations.bucket_of(artifact, kind)
    for bucket in [own] if own else ["local", locations.DEFAULT_BUCKET]:
        path = root / locations.store_key(kind, bucket, key)
        if path.exists():
            return path
    return None


def explain(workflow: Object, identity: str, run: RunDirectory) -> Iterator[str]:
    """Why a node is in its phase, line by line."""
    nodes = nodes_of(workflow)
    node = nodes[identity]
    yield f"{node.get('name')}: {node.get('type')}, {node.get('phase') or 'Pending'}"
    if node.get("message"):
        yield f"  message: {tree.one_line(str(node['message']))}"
    call = _call_of(workflow, nodes, node)
    for field in ("when", "depends", "dependencies", "withParam", "withItems", "withSequence", "continueOn"):
        if call.get(field):
            yield f"  {field}: {call[field]}"
    for parameter in (node.get("inputs") or {}).get("parameters") or []:
        yield f"  input {parameter.get('name')} = {tree.one_line(str(parameter.get('value')))}"
    for parameter in (node.get("outputs") or {}).get("parameters") or []:
        yield f"  output {parameter.get('name')} = {tree.one_line(str(parameter.get('value')))}"
    result = (node.get("outputs") or {}).get("result")
    if result is not None:
        yield f"  result = {tree.one_line(str(result))}"
    yield from _locks(node)
    yield from _needed(call, nodes, node)
    if node.get("type") == "Retry":
        for child in node.get("children") or []:
            attempt = nodes.get(child) or {}
            yield f"  attempt {attempt.get('displayName')}: {attempt.get('phase')} {tree.one_line(str(attempt.get('message') or ''))}".rstrip()
    if node.get("phase") in ("Running", "Pending") and node.get("type") == "Suspend":
        yield f"  it waits for a person: argorun resume {run.name}"
    elif node.get("phase") in ("Running", "Pending") and not run.is_running():
        yield f"  no process runs it: argorun resume {run.name}"
    if node.get("type") == "Pod":
        directory = pod_directory(run, workflow, node)
        if directory.is_dir():
            yield f"  files: {directory}"


def _locks(node: Object) -> Iterator[str]:
    waiting = (node.get("synchronizationStatus") or {}).get("waiting")
    if waiting:
        yield f"  waits for the lock {waiting}"


def _needed(call: Object, nodes: Mapping[str, Object], node: Object) -> Iterator[str]:
    """The phases of the tasks that it depends on."""
    import re

    names = set(call.get("dependencies") or []) | set(
        re.findall(r"[A-Za-z0-9_-]+", str(call.get("depends") or ""))
    )
    for other in nodes.values():
        if other.get("boundaryID") == node.get("boundaryID") and other.get("displayName") in names:
            yield f"  {other['displayName']} is {other.get('phase')}"


def _call_of(workflow: Object, nodes: Mapping[str, Object], node: Object) -> Object:
    """The step or task that made a node; {} for the entrypoint."""
    boundary = nodes.get(str(node.get("boundaryID")))
    if boundary is None:
        return {}
    status = workflow.get("status") or {}
    spec = status.get("storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    template_name = boundary.get("templateName") or (boundary.get("templateRef") or {}).get("template")
    name = str(node.get("displayName") or "").split("(", 1)[0]
    for template in [*(spec.get("templates") or []), *(status.get("storedTemplates") or {}).values()]:
        if not isinstance(template, Mapping) or template.get("name") != template_name:
            continue
        for group in [(template.get("dag") or {}).get("tasks") or [], *(template.get("steps") or [])]:
            for call in group if isinstance(group, list) else [group]:
                if isinstance(call, Mapping) and call.get("name") == name:
                    return call
    return {}


def write_report(run: RunDirectory) -> str:
    """The run as an HTML page (see `executor.local.report`); tokens stand for its secrets."""
    from executor.local import report

    logs: dict[str, list[tuple[str, str]]] = {}
    for workflow in run.workflows():
        for identity, node in nodes_of(workflow).items():
            if node.get("type") == "Pod":
                logs[identity] = [
                    (path.stem, report.last_lines(path.read_bytes()))
                    for path in sorted((pod_directory(run, workflow, node) / "logs").glob("*.log"))
                    if path.stem not in ("init", "wait") and path.stat().st_size
                ]
    return report.html(run.workflows(), run.info(), logs)


def copy_artifact(artifact: Stored, base: Path) -> Path:
    """Copy a stored artifact to `base/NODE/NAME`, unpacked; the path. Raises UserError."""
    import shutil

    from argolint.errors import UserError
    from executor.artifacts import archives

    assert artifact.path is not None
    target = base / artifact.node.replace("/", "_") / artifact.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if artifact.path.is_dir():
            shutil.copytree(artifact.path, target, symlinks=True, dirs_exist_ok=True)
        else:
            scratch, copy = (target.with_name(f".{artifact.name}.{kind}") for kind in ("tmp", "copy"))
            shutil.copy2(artifact.path, copy)
            archives.unpack(copy, target, artifact.archive, scratch)
    except OSError as error:
        raise UserError(f"cannot write {target}: {error.strerror}", "give another directory") from None
    return target


def rendered(workflow: Object, identity: str, run: RunDirectory) -> list[str]:
    """What a node's pod ran, with every tag replaced, and the words that enter it again; nothing before its end."""
    from executor.engine.contract import CreatePod
    from executor.local.rundir import FINAL, read_json
    from executor.local.testrun import rendered_text

    node = nodes_of(workflow)[identity]
    final = read_json(pod_directory(run, workflow, node) / FINAL) if node.get("type") == "Pod" else None
    found = rendered_text(CreatePod(identity, final["pod"])) if final else None
    if found is None:
        return ["  nothing of it has run"]
    lines = [f"    {tree.printable(line)}" for line in found[1].splitlines()]
    return ["  it ran:", *lines, f"  to look at it: argorun shell {run.name} {node.get('displayName')}"]
