"""What a spec must look like to be decoded at all (upstream: the Go types' JSON decoding)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.faults import WorkflowFault


class Of:
    """A list (or, with `by_name`, a map) of things of one shape."""

    __slots__ = ("by_name", "inner", "name")

    def __init__(self, inner: Any, name: str, *, by_name: bool = False) -> None:
        self.inner, self.name, self.by_name = inner, name, by_name


def _things(shape: Any, name: str) -> Of:
    return Of(shape, name)


STRING, BOOL, INTEGER, MAP, ANY = "string", "bool", "integer", "map", "any"
_STRINGS = _things(STRING, "[]string")
_MAPS = _things(MAP, "[]object")
_TEXT_MAP = Of(STRING, "map[string]string", by_name=True)
_METADATA = {"labels": _TEXT_MAP, "annotations": _TEXT_MAP}
_PARAMETER = {"name": STRING, "valueFrom": {"default": ANY, "path": STRING, "parameter": STRING, "expression": STRING, "configMapKeyRef": MAP, "supplied": MAP}, "globalName": STRING, "enum": _things(ANY, "[]AnyString")}  # fmt: skip
_LOCATION = dict.fromkeys(
    ("s3", "gcs", "oss", "azure", "hdfs", "git", "http", "raw", "artifactory", "plugin"), MAP
)
_ARTIFACT = {"name": STRING, "path": STRING, "from": STRING, "fromExpression": STRING, "optional": BOOL, "archive": MAP, "globalName": STRING, "subPath": STRING, **_LOCATION}  # fmt: skip
_ARGUMENTS = {"parameters": _things(_PARAMETER, "[]Parameter"), "artifacts": _things(_ARTIFACT, "[]Artifact")}
_REFERENCE = {"name": STRING, "template": STRING, "clusterScope": BOOL}
_HOOK = {"template": STRING, "templateRef": _REFERENCE, "arguments": _ARGUMENTS, "expression": STRING}
_HOOKS = Of(_HOOK, "LifecycleHooks", by_name=True)
_HOLDER: dict[str, Any] = {
    "name": STRING, "template": STRING, "templateRef": _REFERENCE, "arguments": _ARGUMENTS, "when": STRING,
    "withItems": _things(ANY, "[]Item"), "withParam": STRING, "withSequence": {"format": STRING},
    "continueOn": {"failed": BOOL, "error": BOOL}, "hooks": _HOOKS, "onExit": STRING, "depends": STRING,
    "dependencies": _STRINGS,
}  # fmt: skip
_MOUNTS = _things({"name": STRING, "mountPath": STRING}, "[]VolumeMount")
_CONTAINER = {
    "name": STRING, "image": STRING, "command": _STRINGS, "args": _STRINGS,
    "env": _things({"name": STRING, "value": STRING, "valueFrom": MAP}, "[]EnvVar"), "volumeMounts": _MOUNTS,
    "resources": {"limits": MAP, "requests": MAP}, "dependencies": _STRINGS,
}  # fmt: skip
_CONTAINERS = _things(_CONTAINER, "[]Container")
_SYNC = {"mutex": MAP, "semaphore": MAP, "mutexes": _MAPS, "semaphores": _MAPS}
_METRICS = {"prometheus": _things(MAP, "[]Prometheus")}
_RETRY = {
    "limit": ANY,
    "retryPolicy": STRING,
    "expression": STRING,
    "backoff": {"duration": STRING, "maxDuration": STRING},
}
_TEMPLATE: dict[str, Any] = {
    "name": STRING, "inputs": _ARGUMENTS, "outputs": _ARGUMENTS, "container": _CONTAINER,
    "script": {**_CONTAINER, "source": STRING},
    "steps": _things(_things(_HOLDER, "[]WorkflowStep"), "[]ParallelSteps"),
    "dag": {"tasks": _things(_HOLDER, "[]DAGTask"), "target": STRING, "failFast": BOOL},
    "resource": MAP, "data": MAP, "suspend": MAP, "http": MAP, "plugin": MAP,
    "containerSet": {"containers": _CONTAINERS, "volumeMounts": _MOUNTS},
    "retryStrategy": _RETRY, "daemon": BOOL, "metadata": _METADATA, "annotations": _TEXT_MAP, "memoize": {"key": STRING, "cache": {"configMap": MAP}, "maxAge": STRING},
    "synchronization": _SYNC, "sidecars": _CONTAINERS, "initContainers": _CONTAINERS,
    "volumes": _things({"name": STRING}, "[]Volume"), "nodeSelector": _TEXT_MAP, "tolerations": _MAPS,
    "affinity": MAP, "metrics": _METRICS, "podSpecPatch": STRING, "timeout": STRING, "failFast": BOOL,
    "parallelism": INTEGER, "serviceAccountName": STRING, "hostAliases": _MAPS, "archiveLocation": MAP,
}  # fmt: skip
_HOLDER["inline"] = _TEMPLATE
SPEC: dict[str, Any] = {
    "entrypoint": STRING, "templates": _things(_TEMPLATE, "[]Template"), "arguments": _ARGUMENTS, "onExit": STRING,
    "hooks": _HOOKS, "templateDefaults": _TEMPLATE, "workflowTemplateRef": {"name": STRING, "clusterScope": BOOL},
    "retryStrategy": _RETRY, "activeDeadlineSeconds": INTEGER, "parallelism": INTEGER, "suspend": BOOL,
    "shutdown": STRING, "priority": INTEGER, "serviceAccountName": STRING,
    "volumes": _things({"name": STRING}, "[]Volume"),
    "volumeClaimTemplates": _things({"metadata": MAP, "spec": MAP}, "[]PersistentVolumeClaim"),
    "volumeClaimGC": {"strategy": STRING}, "podGC": {"strategy": STRING, "labelSelector": MAP},
    "ttlStrategy": {"secondsAfterCompletion": INTEGER, "secondsAfterSuccess": INTEGER, "secondsAfterFailure": INTEGER},
    "synchronization": _SYNC, "metrics": _METRICS, "podMetadata": _METADATA, "podSpecPatch": STRING,
    "nodeSelector": _TEXT_MAP, "tolerations": _MAPS, "affinity": MAP, "imagePullSecrets": _MAPS, "hostAliases": _MAPS,
    "workflowMetadata": {**_METADATA, "labelsFrom": Of({"expression": STRING}, "map[string]LabelValueFrom", by_name=True)},
    "artifactRepositoryRef": {"configMap": STRING, "key": STRING}, "executor": {"resources": MAP}, "podDisruptionBudget": MAP,
}  # fmt: skip


def check(spec: Any) -> None:
    """WorkflowFault with the first thing that has the wrong type, or the name of a field in the wrong case.

    Such a name is refused by the API server where the CRDs have a schema. Where they have none, upstream's controller would
    pass it over in a template and take it in a step (Go's decoder), so that nobody could tell what will run.
    """
    found = _wrong(spec, SPEC, ".spec")
    if found:
        raise WorkflowFault(f"cannot unmarshall spec: {found}", "Failed")


def _said(value: Any, wanted: str, path: str) -> str:
    kind = (
        "bool" if isinstance(value, bool) else "number" if isinstance(value, (int, float))
        else "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
    )  # fmt: skip
    return f"json: cannot unmarshal {kind} into Go struct field Workflow{path} of type {wanted}"


def _wrong(value: Any, shape: Any, path: str) -> str:
    if value is None or shape is ANY:
        return ""
    if isinstance(shape, Of):
        return _wrong_items(value, shape, path)
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            return _said(value, "object", path)
        found = _misspelt(value, shape, path)
        if found:
            return found
        for name, inner in shape.items():
            found = _wrong(value.get(name), inner, f"{path}.{name}")
            if found:
                return found
        return ""
    fits = {
        STRING: isinstance(value, str),
        BOOL: isinstance(value, bool),
        INTEGER: isinstance(value, int) and not isinstance(value, bool),
        MAP: isinstance(value, Mapping),
    }[shape]
    return "" if fits else _said(value, {INTEGER: "int64", MAP: "object"}.get(shape, shape), path)


def _misspelt(value: Mapping[str, Any], shape: Mapping[str, Any], path: str) -> str:
    for name in value:
        if name in shape or not isinstance(name, str):
            continue
        meant = next((known for known in shape if known.lower() == name.lower()), None)
        if meant is not None:
            return f'unknown field "{path[1:]}.{name}": names are case-sensitive, write {meant}'
    return ""


def _wrong_items(value: Any, shape: Of, path: str) -> str:
    if not isinstance(value, Mapping if shape.by_name else list):
        return _said(value, shape.name, path)
    items = value.values() if isinstance(value, Mapping) else value
    for item in items:
        if item is None and (shape.by_name or isinstance(shape.inner, Of)):
            continue
        if item is None and isinstance(shape.inner, dict):
            return f"json: cannot unmarshal null into Go struct field Workflow{path}"
        found = _wrong(item, shape.inner, path)
        if found:
            return found
    return ""
