"""The generated schema files: which kind is in which, and what a release of Argo has."""

from __future__ import annotations

import functools
import json
from typing import Any

from argolint._data import read_data

Json = dict[str, Any]

DEFAULT_VERSION = "4.1"
OLDEST_VERSION = "3.4"

WORKFLOWS_API = "argoproj.io/v1alpha1"
_RBAC_API = "rbac.authorization.k8s.io/v1"

# Kind → (apiVersion, schema file). A kind of another group that has the same name is not ours.
KINDS: dict[str, tuple[str, str]] = {
    "Workflow": (WORKFLOWS_API, "argo-workflows"),
    "WorkflowTemplate": (WORKFLOWS_API, "argo-workflows"),
    "ClusterWorkflowTemplate": (WORKFLOWS_API, "argo-workflows"),
    "CronWorkflow": (WORKFLOWS_API, "argo-workflows"),
    "WorkflowEventBinding": (WORKFLOWS_API, "argo-workflows"),
    "WorkflowTaskSet": (WORKFLOWS_API, "argo-workflows"),
    "WorkflowTaskResult": (WORKFLOWS_API, "argo-workflows"),
    "WorkflowArtifactGCTask": (WORKFLOWS_API, "argo-workflows"),
    "EventBus": (WORKFLOWS_API, "argo-events"),
    "EventSource": (WORKFLOWS_API, "argo-events"),
    "Sensor": (WORKFLOWS_API, "argo-events"),
    "Role": (_RBAC_API, "k8s-core"),
    "ClusterRole": (_RBAC_API, "k8s-core"),
    "RoleBinding": (_RBAC_API, "k8s-core"),
    "ClusterRoleBinding": (_RBAC_API, "k8s-core"),
    "ServiceAccount": ("v1", "k8s-core"),
    "ConfigMap": ("v1", "k8s-core"),
    "Secret": ("v1", "k8s-core"),
    "Namespace": ("v1", "k8s-core"),
    "PersistentVolumeClaim": ("v1", "k8s-core"),
}


@functools.cache
def schema_file(name: str) -> Json:
    """The generated file `schemas/<name>.json`; see `tools/gen_schemas_argo.py` for its form."""
    data: Json = json.loads(read_data("schemas", f"{name}.json"))
    return data


def release(version: str) -> tuple[int, int]:
    """`"4.1"`, `"v4.1.2"` → `(4, 1)`. ValueError when it is not a version."""
    parts = version.removeprefix("v").split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        raise ValueError(f"not a release of Argo Workflows: {version!r}")
    return int(parts[0]), int(parts[1])


def in_span(span: list[str] | None, target: tuple[int, int]) -> bool:
    """Whether release `target` lies in `[since, removed)`; an empty end is open."""
    if span is None:
        return True
    since, removed = span
    return not (since and target < release(since)) and not (removed and target >= release(removed))
