"""What each kind needs on its way in: defaults, checks, and the status that the server itself writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from argolint._data import data_dir
from executor.cluster import meta
from executor.cluster.crud import Call

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_ARGO_KINDS = (
    ("Workflow", "workflows", "wf", "Namespaced", False),
    ("WorkflowTemplate", "workflowtemplates", "wftmpl", "Namespaced", False),
    ("ClusterWorkflowTemplate", "clusterworkflowtemplates", "clusterwftmpl cwft", "Cluster", False),
    ("CronWorkflow", "cronworkflows", "cwf cronwf", "Namespaced", False),
    ("WorkflowTaskSet", "workflowtasksets", "wfts", "Namespaced", True),
    ("WorkflowTaskResult", "workflowtaskresults", "", "Namespaced", False),
    ("WorkflowArtifactGCTask", "workflowartifactgctasks", "wfat", "Namespaced", True),
    ("WorkflowEventBinding", "workfloweventbindings", "wfeb", "Namespaced", False),
)


def builtin_definitions() -> list[dict[str, Any]]:
    """CustomResourceDefinitions of Argo's kinds, which every embedded cluster has."""
    path = data_dir("schemas") / "crds.json"
    if path.is_file():
        loaded = orjson.loads(path.read_bytes())
        items = loaded.get("items", []) if isinstance(loaded, dict) else loaded
        if items:
            return [{"metadata": {"name": item["metadata"]["name"]}, "spec": item["spec"]} for item in items]
    return [_argo_definition(*row) for row in _ARGO_KINDS]


def _argo_definition(kind: str, plural: str, short: str, scope: str, status: bool) -> dict[str, Any]:
    names: dict[str, Any] = {
        "kind": kind,
        "plural": plural,
        "singular": kind.lower(),
        "listKind": kind + "List",
    }
    if short:
        names["shortNames"] = short.split()
    version: dict[str, Any] = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    if status:
        version["subresources"] = {"status": {}}
    return {
        "metadata": {"name": f"{plural}.argoproj.io"},
        "spec": {"group": "argoproj.io", "names": names, "scope": scope, "versions": [version]},
    }


def admit(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    """Fill in and check an object about to be written. ApiStatus when it is refused."""
    handler = _HANDLERS.get(call.resource.storage)
    if handler is not None:
        handler(cluster, call, obj, old)


def _namespace(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    labels = obj["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    if old is None:
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}


def _definition(cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None) -> None:
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    if isinstance(names, dict) and names.get("kind"):
        names.setdefault("singular", str(names["kind"]).lower())
        names.setdefault("listKind", str(names["kind"]) + "List")
    spec.setdefault("conversion", {"strategy": "None"})
    accepted = {key: value for key, value in names.items()}
    before = (old or {}).get("status") or {}
    stored = list(before.get("storedVersions") or ())
    for version in spec.get("versions") or ():
        if version.get("storage") and version["name"] not in stored:
            stored.append(version["name"])
    since = meta.timestamp()
    for condition in before.get("conditions") or ():
        if condition["type"] == "Established":
            since = condition["lastTransitionTime"]
    obj["status"] = {
        "conditions": [
            {
                "type": "NamesAccepted",
                "status": "True",
                "lastTransitionTime": since,
                "reason": "NoConflicts",
                "message": "no conflicts found",
            },
            {
                "type": "Established",
                "status": "True",
                "lastTransitionTime": since,
                "reason": "InitialNamesAccepted",
                "message": "the initial names have been accepted",
            },
        ],
        "acceptedNames": accepted,
        "storedVersions": stored,
    }


_HANDLERS = {
    "namespaces": _namespace,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
