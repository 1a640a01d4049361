"""Which repository artifacts go to (upstream: config/artifacts, workflow/artifactrepositories)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.faults import WorkflowFault
from executor.engine.run import Run

DEFAULT_CONFIG_MAP = "artifact-repositories"
DEFAULT_KEY = "workflows.argoproj.io/default-artifact-repository"
DEFAULT_KEY_FORMAT = "{{workflow.name}}/{{pod.name}}"
_FORMATS = {
    "s3": ("keyFormat", "key"),
    "gcs": ("keyFormat", "key"),
    "oss": ("keyFormat", "key"),
    "azure": ("blobNameFormat", "blob"),
    "hdfs": ("pathFormat", "path"),
    "artifactory": ("keyFormat", "url"),
    "plugin": ("keyFormat", "key"),
}


def resolve_repository(run: Run) -> None:
    """Store the repository in the status, once. WorkflowFault if the one that the spec asks for is not there."""
    if run.status.get("artifactRepositoryRef") is not None:
        return
    reference = run.spec.get("artifactRepositoryRef")
    if reference:
        run.set_status("artifactRepositoryRef", _referenced(run, reference))
        return
    found = _lookup(run, run.namespace, DEFAULT_CONFIG_MAP, "")
    if found is not None:
        run.set_status("artifactRepositoryRef", found)
        return
    run.set_status(
        "artifactRepositoryRef",
        {"default": True, "artifactRepository": dict(run.context.artifact_repository or {})},
    )


def _referenced(run: Run, reference: Mapping[str, Any]) -> dict[str, Any]:
    name, key = str(reference.get("configMap") or DEFAULT_CONFIG_MAP), str(reference.get("key") or "")
    for namespace in (run.namespace, run.context.controller_namespace):
        found = _lookup(run, namespace, name, key)
        if found is not None:
            return found
    raise WorkflowFault(
        f'failed to resolve artifact repository: config map missing for artifact repository ref "{name}#{key}"'
    )


def _lookup(run: Run, namespace: str, name: str, key: str) -> dict[str, Any] | None:
    found = run.context.config_maps.get((namespace, name))
    if found is None:
        return None
    key = key or str(((found.get("metadata") or {}).get("annotations") or {}).get(DEFAULT_KEY) or "")
    text = (found.get("data") or {}).get(key)
    if text is None:
        return None
    import yaml

    try:
        repository = yaml.safe_load(str(text))
    except yaml.YAMLError as error:
        raise WorkflowFault(f"failed to resolve artifact repository: {name}#{key}: {error}") from None
    return {"configMap": name, "key": key, "namespace": namespace, "artifactRepository": repository or {}}


def archive_location(run: Run, template: Mapping[str, Any]) -> dict[str, Any]:
    """Where a pod's artifacts go: the template's own location, else the repository with the key format filled in.

    Whether logs are archived: the repository's word, else the template's, else the workflow's.
    """
    own = template.get("archiveLocation") or {}
    repository = (run.status.get("artifactRepositoryRef") or {}).get("artifactRepository") or {}
    logs = repository.get("archiveLogs")
    if not logs:
        logs = own.get("archiveLogs")
    if logs is None:
        logs = run.spec.get("archiveLogs")
    location = {k: v for k, v in own.items() if k != "archiveLogs"}
    if not location:
        location = _from_repository(repository)
    if logs is not None:
        location["archiveLogs"] = bool(logs)
    return location


def _from_repository(repository: Mapping[str, Any]) -> dict[str, Any]:
    for kind, (format_field, key_field) in _FORMATS.items():
        place = repository.get(kind)
        if place is None:
            continue
        layout = place.get(format_field)
        if not layout and place.get("keyPrefix"):
            layout = f"{place['keyPrefix']}/{DEFAULT_KEY_FORMAT}"
        layout = layout or DEFAULT_KEY_FORMAT
        rest = {k: v for k, v in place.items() if k not in (format_field, "keyPrefix", "repoURL")}
        if kind == "artifactory":
            layout = f"{str(place.get('repoURL') or '').rstrip('/')}/{layout}"
        return {kind: {**rest, key_field: layout}}
    return {}
