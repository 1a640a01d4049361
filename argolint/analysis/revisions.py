"""What a change does to objects that are in the cluster already.

Rules get the objects as they were by the option `base-objects`, which `--diff-base` fills; without it they have nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from argolint.model.k8s import Object, objects_of
from argolint.project.discover import is_manifest
from argolint.project.index import Index
from argolint.text import decode
from argolint.yaml import parse
from argolint.yaml.nodes import plain

OPTION = "base-objects"

# group (any version) and kind -> paths of fields that the API server does not let change
IMMUTABLE: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("", "PersistentVolumeClaim"): (("spec", "accessModes"), ("spec", "storageClassName"), ("spec", "volumeName"), ("spec", "volumeMode")),
    ("", "Secret"): (("type",),),
    ("", "Service"): (("spec", "clusterIP"),),
    ("apps", "Deployment"): (("spec", "selector"),),
    ("apps", "DaemonSet"): (("spec", "selector"),),
    ("apps", "StatefulSet"): (("spec", "selector"), ("spec", "serviceName"), ("spec", "volumeClaimTemplates"), ("spec", "podManagementPolicy")),
    ("batch", "Job"): (("spec", "template"), ("spec", "selector"), ("spec", "completionMode")),
    ("storage.k8s.io", "StorageClass"): (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (("spec", "scope"), ("spec", "group"), ("spec", "names", "kind")),
}  # fmt: skip


def base_objects(before: Mapping[str, bytes | None]) -> list[dict[str, Any]]:
    """The objects that changed and deleted files held, as plain data with their file under the key ``."""
    found: list[dict[str, Any]] = []
    for path, data in before.items():
        if data is None or not path.endswith((".yaml", ".yml", ".json")) or not is_manifest(data):
            continue
        for document in parse(decode(data)[0]).documents:
            for obj in objects_of(document.root, document.index):
                if not obj.embedded and obj.name:
                    found.append({**plain(obj.map), "": path})
    return found


def was(obj: Object, base: Any) -> Mapping[str, Any] | None:
    """The object as it was before the change; None when it was not there or is not known."""
    wanted = (obj.group, obj.kind, obj.namespace, obj.name)
    return next((one for one in _objects(base) if _identity(one) == wanted), None) if obj.name else None


def _objects(base: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in base if isinstance(one, Mapping)] if isinstance(base, (list, tuple)) else []


def _identity(one: Mapping[str, Any]) -> tuple[str, str, str, str]:
    metadata = one.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    group = str(one.get("apiVersion") or "").rpartition("/")[0]
    return group, str(one.get("kind") or ""), str(named.get("namespace") or ""), str(named.get("name") or "")


def dig(node: Any, path: Iterable[str]) -> Any:
    """The value at a path of keys, or None."""
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def deleted(base: Any, present: Iterable[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """(kind, name, file) of the objects that were there and whose kind and name no object has any more."""
    still = set(present)
    gone = []
    for one in _objects(base):
        _, kind, _, name = _identity(one)
        if name and (kind, name) not in still:
            gone.append((kind, name, str(one.get("") or "")))
    return gone


def removed(base: Any, index: Index) -> dict[tuple[str, str], str]:
    """The objects that a change takes away: (kind, name) -> how to speak of them.

    What still has the name, in whatever namespace, is not taken away. Templates that an object loses are not among them:
    references to those are wrong with or without a comparison, and reported as such.
    """
    found: dict[tuple[str, str], str] = {}
    for one in _objects(base):
        _, kind, _, name = _identity(one)
        if name and not index.find(kind, name):
            found[kind, name] = f"{kind} `{name}`"
    return found


def templates_of(one: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The templates of a workflow object as plain data, by name."""
    spec = dig(one, ("spec", "workflowSpec")) or dig(one, ("spec",))
    listed = spec.get("templates") if isinstance(spec, Mapping) else None
    found: dict[str, Mapping[str, Any]] = {}
    for template in listed if isinstance(listed, list) else ():
        if isinstance(template, Mapping) and isinstance(template.get("name"), str):
            found[template["name"]] = template
    return found


def inputs_of(template: Mapping[str, Any]) -> dict[str, bool]:
    """The input parameters of a template as plain data: name -> whether the caller must give it."""
    listed = dig(template, ("inputs", "parameters"))
    return {
        str(one["name"]): one.get("value") is None
        and one.get("default") is None
        and one.get("valueFrom") is None
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping) and one.get("name")
    }
