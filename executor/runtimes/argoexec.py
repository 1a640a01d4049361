"""What argoexec's `init` and `wait` do, in process: stage the script, load inputs, save outputs.

Nothing here starts a process. Paths of a container become host paths by a function that the pod runner gives, so
that the same code serves every runtime. Upstream: workflow/executor and cmd/argoexec.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from executor.artifacts import locations
from executor.artifacts.base import ArtifactError, ArtifactMissing, ArtifactStore

Object = Mapping[str, Any]

RESULT_LIMIT = 256 * 1024  # bytes of stdout that become outputs.result
WAIT, INIT, MAIN = "wait", "init", "main"
LABEL_WORKFLOW = "workflows.argoproj.io/workflow"
LABEL_REPORTED = "workflows.argoproj.io/report-outputs-completed"
ANNOTATION_NODE_ID = "workflows.argoproj.io/node-id"
ARTIFACTS_VOLUME = "input-artifacts"
STAGING_VOLUME = "argo-staging"
_PROGRESS = re.compile(r"^(\d+)/(\d+)$")


class StepError(Exception):
    """Init or wait failed. The text becomes the container's termination message, and so the node's."""


def command_words(container: Object) -> list[str]:
    """A container's command and args, as one list."""
    return [str(word) for word in [*(container.get("command") or []), *(container.get("args") or [])]]


def argoexec_verb(container: Object) -> str | None:
    """The argoexec subcommand that a container is (init, wait, resource, data), or None for a user's program.

    The emissary prefix is looked through: `argoexec emissary ... -- argoexec resource create` is `resource`.
    """
    words = [str(word) for word in container.get("command") or []]
    if _is_emissary(words):
        words = words[words.index("--") + 1 :] if "--" in words else []
    words += [str(word) for word in container.get("args") or []]
    if len(words) >= 2 and words[0].rsplit("/", 1)[-1] == "argoexec" and words[1] != "emissary":
        return words[1]
    return None


def _is_emissary(words: list[str]) -> bool:
    return len(words) >= 2 and words[0].rsplit("/", 1)[-1] == "argoexec" and words[1] == "emissary"


def user_command(container: Object) -> tuple[list[str], list[str], bool]:
    """(command, args, it runs under the emissary) of a user's container, the emissary prefix taken away."""
    command = [str(word) for word in container.get("command") or []]
    args = [str(word) for word in container.get("args") or []]
    if not _is_emissary(command):
        return command, args, False
    return (command[command.index("--") + 1 :] if "--" in command else []), args, True


def template_of(
    pod: Object, lookup_config_map: Callable[[str, str], Object | None] = lambda namespace, name: None
) -> dict[str, Any] | None:
    """The template that the engine put into the init containers' environment; None for a plain pod.

    Raises StepError when it is there and cannot be read.
    """
    spec = pod.get("spec") or {}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for entry in container.get("env") or []:
            if entry.get("name") == "ARGO_TEMPLATE" and isinstance(entry.get("value"), str):
                text = entry["value"]
                if text == "offloaded":  # too long for an environment; it is in a ConfigMap named as the pod
                    meta = pod.get("metadata") or {}
                    found = lookup_config_map(str(meta.get("namespace") or "default"), str(meta.get("name")))
                    text = str(((found or {}).get("data") or {}).get("ARGO_TEMPLATE") or "")
                try:
                    template = json.loads(text)
                except ValueError as error:
                    raise StepError(
                        f"ARGO_TEMPLATE of container {container.get('name')} is not JSON: {error}"
                    ) from None
                if isinstance(template, dict):
                    return template
    return None


def main_names(template: Object | None, containers: Iterable[Object]) -> list[str]:
    """The names of the main containers: all of a containerSet, else `main`; every container of a plain pod."""
    names = [str(c.get("name")) for c in containers if c.get("name") != WAIT]
    if template is None:
        return names
    if template.get("containerSet"):
        members = [c.get("name") or MAIN for c in template["containerSet"].get("containers") or []]
        return [name for name in names if name in members]
    return [name for name in names if name == MAIN]


# --- init ---------------------------------------------------------------------------------------------


def stage(template: Object, volumes: Mapping[str, tuple[Path, bool]]) -> None:
    """Write the script (or a resource manifest) where main will find it."""
    source = (template.get("script") or {}).get("source")
    if source is not None and STAGING_VOLUME in volumes:
        script = volumes[STAGING_VOLUME][0] / "script"
        script.write_text(source, encoding="utf-8", errors="surrogateescape")
        script.chmod(0o755)
    if "var-run-argo" in volumes:
        (volumes["var-run-argo"][0] / "template").write_text(json.dumps(template), encoding="utf-8")


def unstage(volumes: Mapping[str, tuple[Path, bool]]) -> None:
    """Remove what `stage` wrote: inputs stand in it as they are. A shell in the pod stages it again."""
    for volume, name in ((STAGING_VOLUME, "script"), ("var-run-argo", "template")):
        if volume in volumes:
            (volumes[volume][0] / name).unlink(missing_ok=True)


def load_inputs(
    template: Object,
    volumes: Mapping[str, tuple[Path, bool]],
    overlaid: Callable[[str], Path | None],
    store: ArtifactStore,
    secret: locations.SecretKey,
    scratch: Path,
) -> None:
    """Load every input artifact and put it where main's mount expects it. Raises StepError.

    `overlaid(path)` is the host path of a container path that lies on one of main's own volumes, or None.
    """
    for artifact in (template.get("inputs") or {}).get("artifacts") or []:
        name = str(artifact.get("name"))
        if not artifact.get("path"):
            continue
        if locations.location_kind(artifact) is None:
            if artifact.get("optional"):
                continue
            raise StepError(f"required artifact '{name}' not supplied")
        on_volume = overlaid(str(artifact["path"]))
        if on_volume is not None:
            target = on_volume
        elif ARTIFACTS_VOLUME in volumes:
            target = volumes[ARTIFACTS_VOLUME][0] / name
        else:
            raise StepError(f"artifact '{name}' has no volume to go to")
        try:
            _load_one(artifact, target, template.get("archiveLocation") or {}, store, secret, scratch)
        except ArtifactMissing as error:
            if artifact.get("optional"):
                continue
            raise StepError(f"artifact {name} failed to load: {error}") from error
        except ArtifactError as error:
            raise StepError(f"artifact {name} failed to load: {error}") from error


def _load_one(
    artifact: Object,
    target: Path,
    repository: Object,
    store: ArtifactStore,
    secret: locations.SecretKey,
    scratch: Path,
) -> None:
    from executor.artifacts import archives  # tarfile and zipfile take longer to import than a small pod runs

    scratch.mkdir(parents=True, exist_ok=True)
    downloaded = scratch / "artifact.tmp"
    unpacked = scratch / "artifact.unpacked"
    for leftover in (downloaded, unpacked):
        archives_remove(leftover)
    locations.load(artifact, downloaded, store, repository, secret)
    archives.unpack(downloaded, target, artifact.get("archive"), unpacked)
    mode = artifact.get("mode")
    if mode is not None:
        target.chmod(int(mode))
        if artifact.get("recurseMode") and target.is_dir():
            for path in target.rglob("*"):
                if not path.is_symlink():
                    path.chmod(int(mode))


def archives_remove(path: Path) -> None:
    """Remove a file or a tree, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


# --- wait ---------------------------------------------------------------------------------------------


def trim_one_newline(text: str) -> str:
    """Without one trailing newline, as upstream trims results and output parameters."""
    return text[:-1] if text.endswith("\n") else text


def script_result(stdout: Path) -> str | None:
    """`outputs.result`: the last 256 KiB of stdout without one trailing newline; None when nothing was captured."""
    try:
        size = stdout.stat().st_size
        with open(stdout, "rb") as stream:
            stream.seek(max(0, size - RESULT_LIMIT))
            data = stream.read()
    except OSError:
        return None
    return trim_one_newline(data.decode("utf-8", "replace"))


def output_parameters(template: Object, host_path: Callable[[str], Path | None]) -> list[dict[str, Any]]:
    """The output parameters with their values, those without a path as they are. Raises StepError."""
    found: list[dict[str, Any]] = []
    for parameter in (template.get("outputs") or {}).get("parameters") or []:
        value_from = parameter.get("valueFrom") or {}
        path = value_from.get("path")
        if not path:
            found.append(dict(parameter))
            continue
        file = host_path(path)
        if file is None or not file.is_file():
            if value_from.get("default") is None:
                raise StepError(
                    f"open /var/run/argo/outputs/parameters/{path.lstrip('/')}: no such file or directory"
                )
            value = str(value_from["default"])
        else:
            try:
                value = trim_one_newline(file.read_bytes().decode("utf-8", "replace"))
            except OSError as error:
                raise StepError(
                    f"cannot read output parameter {parameter.get('name')}: {error.strerror}"
                ) from error
        found.append({**parameter, "value": value})
    return found


def _file_name(artifact: Object, path: str) -> str:
    archive = artifact.get("archive") or {}
    if archive.get("none") is not None:
        return path.rstrip("/").rsplit("/", 1)[-1]
    return f"{artifact.get('name')}.zip" if archive.get("zip") is not None else f"{artifact.get('name')}.tgz"


def _location_fields(artifact: Object, template: Object, file_name: str, fallback: str) -> dict[str, Any]:
    """The location to report for an output artifact: its own, or the archive location with this file's key."""
    kind = locations.location_kind(artifact)
    if kind is not None:
        return {kind: artifact[kind]}
    repository = template.get("archiveLocation") or {}
    store = locations.location_kind(repository)
    prefix = (
        locations.key_of(repository, store).rstrip("/")
        if store in {k for k, _, _ in locations.STORES}
        else ""
    )
    return locations.relocated(f"{prefix or fallback}/{file_name}", repository)


def save_artifact(
    artifact: Object, template: Object, source: Path, store: ArtifactStore, scratch: Path, fallback: str
) -> dict[str, Any]:
    """Pack and store one output artifact; returns it with its location. Raises ArtifactError."""
    from executor.artifacts import archives

    path = str(artifact.get("path") or "")
    archive = artifact.get("archive") or {}
    location = _location_fields(artifact, template, _file_name(artifact, path), fallback)
    base_name = path.rstrip("/").rsplit("/", 1)[-1] or str(artifact.get("name"))
    scratch.mkdir(parents=True, exist_ok=True)
    packed = scratch / "artifact.packed"
    archives_remove(packed)
    if archive.get("none") is not None:
        locations.save(location, source, store, template.get("archiveLocation") or {})
    else:
        if archive.get("zip") is not None:
            archives.pack_zip(source, packed, base_name)
        else:
            archives.pack_tar(
                source, packed, base_name, level=(archive.get("tar") or {}).get("compressionLevel")
            )
        locations.save(location, packed, store, template.get("archiveLocation") or {})
        packed.unlink()
    reported = {key: value for key, value in artifact.items() if key not in ("from", "fromExpression")}
    return {**reported, **location}


def output_artifacts(
    template: Object,
    host_path: Callable[[str], Path | None],
    store: ArtifactStore,
    scratch: Path,
    fallback: str,
) -> list[dict[str, Any]]:
    """Save every output artifact with a path; a missing optional one is left out. Raises StepError."""
    found: list[dict[str, Any]] = []
    for artifact in (template.get("outputs") or {}).get("artifacts") or []:
        path = artifact.get("path")
        if not path:
            continue
        source = host_path(str(path))
        if source is None or not source.exists():
            if artifact.get("optional"):
                continue
            raise StepError(
                f"failed to save outputs: open {path}: no such file or directory: artifact {artifact.get('name')} was not produced"
            )
        try:
            found.append(save_artifact(artifact, template, source, store, scratch, fallback))
        except (ArtifactError, OSError) as error:
            raise StepError(f"failed to save artifact '{artifact.get('name')}': {error}") from error
    return found


def save_logs(
    template: Object, logs: Mapping[str, Path], store: ArtifactStore, fallback: str
) -> list[dict[str, Any]]:
    """Store the main containers' logs as artifacts when `archiveLogs` asks for it. Raises StepError."""
    if not (template.get("archiveLocation") or {}).get("archiveLogs"):
        return []
    found = []
    for name, path in logs.items():
        artifact = {"name": f"{name}-logs"}
        location = _location_fields(artifact, template, f"{name}.log", fallback)
        try:
            locations.save(location, path, store, template.get("archiveLocation") or {})
        except ArtifactError as error:
            raise StepError(f"failed to save logs of {name}: {error}") from error
        found.append({**artifact, **location})
    return found


def read_progress(path: Path) -> str | None:
    """The last line of the progress file that reads N/M, or None."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        match = _PROGRESS.match(line.strip())
        if match and 0 <= int(match.group(1)) <= int(match.group(2)) and int(match.group(2)) > 0:
            return line.strip()
    return None


def task_result(
    pod: Object, node_id: str, *, completed: bool, outputs: Object | None = None, progress: str | None = None
) -> dict[str, Any]:
    """A WorkflowTaskResult object in upstream's shape."""
    meta = pod["metadata"]
    labels = {
        LABEL_WORKFLOW: (meta.get("labels") or {}).get(LABEL_WORKFLOW, ""),
        LABEL_REPORTED: "true" if completed else "false",
    }
    instance = (meta.get("labels") or {}).get("workflows.argoproj.io/controller-instanceid")
    if instance:
        labels["workflows.argoproj.io/controller-instanceid"] = instance
    owners = [
        {key: owner[key] for key in ("apiVersion", "kind", "name", "uid") if key in owner}
        for owner in meta.get("ownerReferences") or []
        if owner.get("kind") == "Workflow"
    ]
    metadata: dict[str, Any] = {
        "name": node_id,
        "namespace": meta.get("namespace") or "default",
        "labels": labels,
    }
    if owners:
        metadata["ownerReferences"] = owners
    result: dict[str, Any] = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTaskResult",
        "metadata": metadata,
    }
    if outputs:
        result["outputs"] = dict(outputs)
    if progress:
        result["progress"] = progress
    return result


def collect(
    template: Object,
    outputs: dict[str, Any],
    host_path: Callable[[str], Path | None],
    store: ArtifactStore,
    scratch: Path,
    fallback: str,
    *,
    logs: Mapping[str, Path],
    stdout: Path | None,
    result: Object | None,
) -> None:
    """Fill `outputs` in the order that upstream saves them; what was found before an error stays in it.

    `stdout` is the captured stdout when a result is wanted; `result` are outputs that main made itself (resource and
    data templates). Raises StepError.
    """
    if stdout is not None and (value := script_result(stdout)) is not None:
        outputs["result"] = value
    if result is not None:
        outputs.update(result)
        if "parameters" not in result:
            _plain_parameters(template, outputs)
    else:
        parameters = output_parameters(template, host_path)
        if parameters:
            outputs["parameters"] = parameters
    log_artifacts = save_logs(template, logs, store, fallback)
    if log_artifacts:
        outputs["artifacts"] = log_artifacts
    artifacts = output_artifacts(template, host_path, store, scratch, fallback)
    if artifacts:
        outputs["artifacts"] = [*artifacts, *log_artifacts]


def _plain_parameters(template: Object, outputs: dict[str, Any]) -> None:
    parameters = [dict(p) for p in (template.get("outputs") or {}).get("parameters") or []]
    if parameters:
        outputs["parameters"] = parameters
